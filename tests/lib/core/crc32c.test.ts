import { crc32c } from '../../../lib/core/crc32c.ts'

function bitByBit(bytes: Buffer): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

describe('crc32c', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  it.each([
    { what: 'the digits 1 to 9', bytes: Buffer.from('123456789'), crc: 0xe3069283 },
    { what: '32 zeros', bytes: Buffer.alloc(32), crc: 0x8a9136aa },
    { what: '32 bytes 0xff', bytes: Buffer.alloc(32, 0xff), crc: 0x62a8ab43 },
    { what: '0 up to 31', bytes: Buffer.from(Array.from({ length: 32 }, (_, i) => i)), crc: 0x46dd794e },
    { what: '31 down to 0', bytes: Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), crc: 0x113fdb5c },
    { what: 'nothing', bytes: Buffer.alloc(0), crc: 0 },
  ])('of $what', ({ bytes, crc }) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(crc)
  })

  it('takes only the bytes between start and end, at any alignment and length', () => {
    const memory = Buffer.from(Array.from({ length: 120 }, (_, i) => (i * 37 + 11) & 255))
    for (let start = 0; start < 20; start++) {
      const bytes = memory.subarray(3) // a view that does not begin where its memory does
      for (let end = start; end < 90; end++) {
        expect(crc32c(bytes, start, end)).toBe(bitByBit(bytes.subarray(start, end)))
      }
    }
  })
})
