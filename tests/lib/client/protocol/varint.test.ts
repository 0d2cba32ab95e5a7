import fc from 'fast-check'
import { readVarint, varintEnd, varintSize, writeVarint } from '../../../../lib/client/protocol/varint.ts'

function encoded(value: number): Buffer {
  const bytes = Buffer.alloc(12)
  return bytes.subarray(0, writeVarint(bytes, 0, value))
}

describe('zigzag varints', () => {
  it.each([
    { value: 0, hex: '00' },
    { value: -1, hex: '01' },
    { value: 1, hex: '02' },
    { value: 63, hex: '7e' },
    { value: -64, hex: '7f' },
    { value: 64, hex: '8001' },
    { value: -65, hex: '8101' },
    { value: 8191, hex: 'fe7f' },
    { value: 8192, hex: '808001' },
    { value: 2147483647, hex: 'feffffff0f' },
    { value: -2147483648, hex: 'ffffffff0f' },
    { value: Number.MAX_SAFE_INTEGER, hex: 'feffffffffffff1f' },
    { value: Number.MIN_SAFE_INTEGER, hex: 'fdffffffffffff1f' },
  ])('$value is $hex', ({ value, hex }) => {
    expect(encoded(value).toString('hex')).toBe(hex)
    expect(varintSize(value)).toBe(hex.length / 2)
    expect(readVarint(Buffer.from(hex, 'hex'), 0)).toBe(value)
    expect(varintEnd).toBe(hex.length / 2)
  })

  it('come back for every safe integer', () => {
    const edges = fc.constantFrom(...Array.from({ length: 53 }, (_, i) => 2 ** i))
    const anySize = fc.tuple(edges, fc.integer({ min: -2, max: 2 }), fc.boolean()).map(([edge, near, negative]) => {
      const value = Math.min(edge + near, Number.MAX_SAFE_INTEGER)
      return negative ? -value || 0 : value
    })
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), anySize), (value) => {
        const bytes = encoded(value)
        expect(readVarint(bytes, 0)).toBe(value)
        expect(varintEnd).toBe(bytes.length)
        expect(varintSize(value)).toBe(bytes.length)
      }),
      { seed: 1, numRuns: 3000 },
    )
  })

  it.each([
    { what: 'an endless one', bytes: Buffer.alloc(40, 0xff) },
    { what: 'eleven bytes', bytes: Buffer.from([...Array(10).fill(0x80), 0x01]) },
  ])('that are too long end behind the bytes: $what', ({ bytes }) => {
    readVarint(bytes, 0)
    expect(varintEnd).toBeGreaterThan(bytes.length)
  })
})
