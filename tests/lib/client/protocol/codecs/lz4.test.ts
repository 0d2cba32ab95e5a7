import { createRequire } from 'node:module'
import { compressLz4, decompressLz4 } from '../../../../../lib/client/protocol/codecs/lz4.ts'
import { xxh32 } from '../../../../../lib/client/protocol/codecs/xxh32.ts'
import { lz4Frames, lz4Text } from './lz4-frames.ts'
import { codecSamples, outcomeOf, random } from './samples.ts'

const lz4js = createRequire(import.meta.url)('lz4js') as { decompress(frame: Buffer): Uint8Array }
const LARGE = 64 * 1024 * 1024

/** A frame made by hand: header fields, then blocks as they are, then what follows them. */
function frame(flags: number, blockSizeCode: number, rest: readonly (number | Buffer)[]): Buffer {
  const descriptor = Buffer.from([flags, blockSizeCode << 4])
  const checksum = (xxh32(descriptor, 0, 2) >>> 8) & 255
  const parts = rest.map((part) => {
    if (typeof part !== 'number') return part
    const size = Buffer.alloc(4)
    size.writeUInt32LE(part)
    return size
  })
  return Buffer.concat([Buffer.from('04224d18', 'hex'), descriptor, Buffer.from([checksum]), ...parts])
}

/** Where in its content a block's last match begins, and how many literals follow it. */
function endOfBlock(block: Buffer): { readonly lastMatchAt: number; readonly lastLiterals: number } {
  let [at, length, lastMatchAt] = [0, 0, 0]
  const count = (nibble: number): number => {
    let sum = nibble
    for (let more = nibble === 15 ? 255 : 0; more === 255; sum += more) more = block[at++]!
    return sum
  }
  for (;;) {
    const token = block[at++]!
    const literals = count(token >> 4)
    at += literals
    length += literals
    if (at === block.length) return { lastMatchAt, lastLiterals: literals }
    lastMatchAt = length
    at += 2
    length += count(token & 15) + 4
  }
}

/** Something that compresses, and ends with bytes that stand in it already. */
function repeatedEnd(count: number): Buffer {
  const start = random(count).bytes(100)
  return Buffer.concat([Buffer.alloc(200), start, start.subarray(0, count)])
}

const INDEPENDENT = 0x60
const END = 0

/** A frame of one independent block. */
function oneBlock(...bytes: number[]): Buffer {
  return frame(INDEPENDENT, 4, [bytes.length, Buffer.from(bytes), END])
}

describe('XXH32', () => {
  it.each([
    { text: '', hash: 0x02cc5d05 },
    { text: 'a', hash: 0x550d7456 },
    { text: 'abc', hash: 0x32d153ff },
    { text: 'Nobody inspects the spammish repetition', hash: 0xe2293b2f },
  ])("of '$text' is what its specification says", ({ text, hash }) => {
    const bytes = Buffer.from(`..${text}..`)
    expect(xxh32(bytes, 2, bytes.length - 2)).toBe(hash)
  })
})

describe('LZ4', () => {
  it.each(codecSamples())('gives back $what', ({ bytes }) => {
    expect(decompressLz4(compressLz4(bytes), LARGE).equals(bytes)).toBe(true)
  })

  it.each(codecSamples())('is read by another implementation: $what', ({ bytes }) => {
    expect(Buffer.from(lz4js.decompress(compressLz4(bytes))).equals(bytes)).toBe(true)
  })

  it('makes text smaller, and nothing much larger', () => {
    expect(compressLz4(Buffer.from('the same words again and again '.repeat(500))).length).toBeLessThan(300)
    expect(compressLz4(random(1).bytes(1_000_000)).length).toBeLessThan(1_000_100)
  })

  // Java's client reads no others.
  it('writes independent blocks of 64 KiB', () => {
    const [magic, flags, blockSize] = [compressLz4(lz4Text()).readUInt32LE(0), ...compressLz4(lz4Text()).subarray(4, 6)]
    expect([magic, flags, blockSize]).toEqual([0x184d2204, 0x60, 0x40])
  })

  // Other decoders copy in words, and refuse blocks that leave them no room for it.
  it.each([
    ...[13, 14, 20, 100, 1_000, 65_536].map((n) => ({ what: `${n} equal bytes`, bytes: Buffer.alloc(n, 7) })),
    ...[9, 10, 11, 12, 13, 20].map((n) => ({ what: `a repetition of its last ${n} bytes`, bytes: repeatedEnd(n) })),
  ])('ends a block as the format wants it: $what', ({ bytes }) => {
    const { lastMatchAt, lastLiterals } = endOfBlock(compressLz4(bytes).subarray(11, -4))
    expect(lastMatchAt).toBeLessThanOrEqual(bytes.length - 12)
    expect(lastLiterals).toBeGreaterThanOrEqual(5)
  })

  it.each(Object.entries(lz4Frames))('reads what the reference implementation writes with %s', (_flags, base64) => {
    expect(decompressLz4(Buffer.from(base64, 'base64'), LARGE).equals(lz4Text())).toBe(true)
  })

  it.each([
    { what: 'no bytes', bytes: Buffer.alloc(0), message: /cut off/ },
    { what: 'another format', bytes: Buffer.from('1f8b0800000000000003', 'hex'), message: /begins with 88b1f/ },
    { what: 'another version', bytes: frame(0x20, 4, [END]), message: /version 0/ },
    { what: 'a dictionary', bytes: frame(INDEPENDENT | 1, 4, [END]), message: /dictionary/ },
    { what: 'a block size that there is not', bytes: frame(INDEPENDENT, 3, [END]), message: /block size code 3/ },
    { what: 'no end mark', bytes: frame(INDEPENDENT, 4, []), message: /cut off/ },
    { what: 'a block beyond the end', bytes: frame(INDEPENDENT, 4, [9, Buffer.alloc(3)]), message: /cut off/ },
    {
      what: 'a block above the maximum',
      bytes: frame(INDEPENDENT, 4, [65_537, Buffer.alloc(65_537)]),
      message: /65537/,
    },
    { what: 'bytes behind its end', bytes: frame(INDEPENDENT, 4, [END, END]), message: /4 bytes after/ },
    { what: 'literals beyond the block', bytes: oneBlock(0x50, 1, 2), message: /cut off within literals/ },
    { what: 'endless literals', bytes: oneBlock(0xf0, 255, 255), message: /cut off within literals/ },
    { what: 'half a distance', bytes: oneBlock(0x10, 1, 1), message: /cut off within a match/ },
    { what: 'a match at distance 0', bytes: oneBlock(0x10, 1, 0, 0, 0), message: /match 0 bytes back/ },
    { what: 'a match before the start', bytes: oneBlock(0x10, 1, 2, 0, 0), message: /match 2 bytes back, 1 bytes in/ },
    { what: 'a match at its end', bytes: oneBlock(0x10, 1, 1, 0), message: /ends with a match/ },
    {
      what: 'a match into an independent block before',
      bytes: frame(INDEPENDENT, 4, [2, Buffer.from([0x10, 1]), 5, Buffer.from([0x10, 1, 2, 0, 0]), END]),
      message: /match 2 bytes back, 1 bytes in/,
    },
    {
      what: 'a block that becomes larger than the maximum',
      bytes: oneBlock(0x1f, 1, 1, 0, ...Array(258).fill(255), 0, 0),
      message: /block of 65\d{3} bytes; 65536 are the most/,
    },
  ])('refuses $what', ({ bytes, message }) => {
    expect(() => decompressLz4(bytes, LARGE)).toThrow(message)
  })

  it.each([
    { what: 'the header', at: 6, message: /header does not match/ },
    { what: 'a block', at: 1_000, message: /block's checksum/ },
    { what: 'the content checksum', at: -1, message: /frame's checksum/ },
  ])('finds damage by checksum: $what', ({ at, message }) => {
    const bytes = Buffer.from(lz4Frames['-B4 -BX']!, 'base64')
    bytes[at < 0 ? bytes.length + at : at]! ^= 1
    expect(() => decompressLz4(bytes, LARGE)).toThrow(message)
  })

  it('finds a content size that is not so', () => {
    const bytes = Buffer.from(lz4Frames['-B4 --content-size']!, 'base64')
    bytes[6]! ^= 1
    bytes[14] = (xxh32(bytes, 4, 14) >>> 8) & 255
    expect(() => decompressLz4(bytes, LARGE)).toThrow(/of 150000 bytes that should have 150001/)
  })

  it('never gives out more than it may, however small the frame', () => {
    const bomb = compressLz4(Buffer.alloc(2_000_000))
    expect(bomb.length).toBeLessThan(10_000)
    expect(decompressLz4(bomb, 2_000_000).length).toBe(2_000_000)
    expect(() => decompressLz4(bomb, 1_999_999)).toThrow(/more than/)
    const stored = compressLz4(random(2).bytes(100_000))
    expect(decompressLz4(stored, 100_000).length).toBe(100_000)
    expect(() => decompressLz4(stored, 99_999)).toThrow(/more than 99999 bytes/)
  })

  // Frames without checksums of their content: the decoder has to stand on its own feet.
  it('ends on damaged bytes, with an error or within its bound', () => {
    const chance = random(3)
    const frames = [compressLz4(lz4Text().subarray(0, 3_000)), compressLz4(lz4Text().subarray(0, 70_000))]
    for (let i = 0; i < 1_000; i++) {
      const bytes = chance.damaged(frames[i % 2]!, 7)
      expect(outcomeOf(() => decompressLz4(bytes, 200_000))).toMatch(
        /^(?:an LZ4|\d+ bytes after an LZ4|more than|\d+ bytes$)/,
      )
    }
  })
})
