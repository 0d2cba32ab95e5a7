import { createRequire } from 'node:module'
import { compressSnappy, decompressSnappy } from '../../../../../lib/client/protocol/codecs/snappy.ts'
import { codecSamples, outcomeOf, random } from './samples.ts'

const snappyjs = createRequire(import.meta.url)('snappyjs') as {
  compress(bytes: Buffer): Buffer
  uncompress(bytes: Buffer): Buffer
}
const LARGE = 64 * 1024 * 1024
const HEADER = Buffer.from('82534e41505059000000000100000001', 'hex')

/** Java's frame around blocks. */
function framed(...blocks: readonly Buffer[]): Buffer {
  return Buffer.concat([HEADER, ...blocks.flatMap((block) => [sizeOf(block), block])])
}

function sizeOf(block: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(block.length)
  return size
}

/** The blocks of Java's frame. */
function blocksOf(bytes: Buffer): readonly Buffer[] {
  const blocks: Buffer[] = []
  for (let at = HEADER.length; at < bytes.length; at += 4 + bytes.readInt32BE(at)) {
    blocks.push(bytes.subarray(at + 4, at + 4 + bytes.readInt32BE(at)))
  }
  return blocks
}

describe('Snappy', () => {
  it.each(codecSamples())('gives back $what', ({ bytes }) => {
    expect(decompressSnappy(compressSnappy(bytes), LARGE).equals(bytes)).toBe(true)
  })

  it.each(codecSamples())('is read by another implementation, block by block: $what', ({ bytes }) => {
    const blocks = blocksOf(compressSnappy(bytes)).map((block) => snappyjs.uncompress(block))
    expect(Buffer.concat(blocks).equals(bytes)).toBe(true)
  })

  it.each(codecSamples())('reads one block without a frame, as other clients write it: $what', ({ bytes }) => {
    expect(decompressSnappy(snappyjs.compress(bytes), LARGE).equals(bytes)).toBe(true)
  })

  it('makes text smaller, and nothing much larger', () => {
    expect(compressSnappy(Buffer.from('the same words again and again '.repeat(500))).length).toBeLessThan(1_000)
    expect(compressSnappy(random(1).bytes(1_000_000)).length).toBeLessThan(1_000_500)
  })

  it("writes Java's frame, with blocks of at most 32 KiB", () => {
    const bytes = compressSnappy(Buffer.alloc(100_000))
    expect(bytes.subarray(0, 16)).toEqual(HEADER)
    expect(blocksOf(bytes).map((block) => snappyjs.uncompress(block).length)).toEqual([32_768, 32_768, 32_768, 1_696])
  })

  it('reads frames that were joined', () => {
    const joined = Buffer.concat([compressSnappy(Buffer.from('one, ')), compressSnappy(Buffer.from('two'))])
    expect(decompressSnappy(joined, LARGE).toString()).toBe('one, two')
  })

  it('reads distances of four bytes', () => {
    const block = Buffer.from([8, 3 << 2, ...Buffer.from('abcd'), 3 | (3 << 2), 4, 0, 0, 0])
    expect(decompressSnappy(block, LARGE).toString()).toBe('abcdabcd')
  })

  it.each([
    { what: 'no bytes', bytes: Buffer.alloc(0), message: /cut off within its length/ },
    { what: 'a length without an end', bytes: Buffer.from([255, 255, 255, 255, 255, 1]), message: /within its length/ },
    {
      what: 'a length that such a block cannot have',
      bytes: Buffer.from([200, 1, 0, 97]),
      message: /claims to hold 200/,
    },
    {
      what: 'a length of 4 GiB',
      bytes: Buffer.from([255, 255, 255, 255, 15, 0]),
      message: /claims to hold 4294967295/,
    },
    { what: 'fewer bytes than its length', bytes: Buffer.from([2, 0, 97]), message: /of 1 bytes that should have 2/ },
    { what: 'more literals than its length', bytes: Buffer.from([1, 4, 97, 98]), message: /more than its 1 bytes/ },
    { what: 'a copy beyond its length', bytes: Buffer.from([3, 0, 97, 1, 1]), message: /more than its 3 bytes/ },
    { what: 'literals beyond the block', bytes: Buffer.from([9, 8 << 2, 97]), message: /cut off within literals/ },
    { what: 'half a literal length', bytes: Buffer.from([9, 61 << 2, 1]), message: /cut off within a length/ },
    // The one on which snappyjs goes round for ever: it takes the length for a negative number.
    {
      what: 'literals of 4 GiB',
      bytes: Buffer.from([10, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0, 0, 0]),
      message: /cut off within literals/,
    },
    { what: 'half a distance', bytes: Buffer.from([9, 0, 97, 2, 1]), message: /cut off within a copy/ },
    { what: 'a copy from distance 0', bytes: Buffer.from([9, 0, 97, 1, 0]), message: /0 bytes back/ },
    { what: 'a copy from before the start', bytes: Buffer.from([9, 0, 97, 1, 2]), message: /2 bytes back, 1 bytes in/ },
    {
      what: 'a copy from 4 GiB back',
      bytes: Buffer.from([9, 0, 97, 3, 255, 255, 255, 255]),
      message: /4294967295 bytes back/,
    },
    {
      what: 'a copy from the block before',
      bytes: framed(Buffer.from([1, 0, 97]), Buffer.from([9, 0, 97, 1, 2])),
      message: /2 bytes back, 1 bytes in/,
    },
    { what: 'half a block size', bytes: Buffer.concat([HEADER, Buffer.from([0, 0])]), message: /frame is cut off/ },
    {
      what: 'a block beyond the end',
      bytes: framed(Buffer.from([1, 0, 97])).subarray(0, -1),
      message: /3 bytes, 2 left/,
    },
    {
      what: 'a block of -1 bytes',
      bytes: Buffer.concat([HEADER, Buffer.alloc(4, 255)]),
      message: /a block of -1 bytes/,
    },
    { what: 'a block of 0 bytes', bytes: Buffer.concat([HEADER, Buffer.alloc(4)]), message: /a block of 0 bytes/ },
  ])('refuses $what', ({ bytes, message }) => {
    expect(() => decompressSnappy(bytes, LARGE)).toThrow(message)
  })

  it('never gives out more than it may', () => {
    const bomb = compressSnappy(Buffer.alloc(2_000_000))
    expect(decompressSnappy(bomb, 2_000_000).length).toBe(2_000_000)
    expect(() => decompressSnappy(bomb, 1_999_999)).toThrow(/more than 1999999 bytes/)
  })

  it('ends on damaged bytes, with an error or within its bound', () => {
    const chance = random(3)
    const words = Buffer.from(Array.from({ length: 500 }, () => `word${chance.below(50)} `).join(''))
    const sources = [compressSnappy(words), snappyjs.compress(words)]
    for (let i = 0; i < 1_000; i++) {
      const bytes = chance.damaged(sources[i % 2]!, i % 2 === 0 ? 16 : 0)
      expect(outcomeOf(() => decompressSnappy(bytes, 100_000))).toMatch(/^(?:a Snappy|more than|\d+ bytes$)/)
    }
  })
})
