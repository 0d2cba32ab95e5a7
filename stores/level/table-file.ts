// A table file of LevelDB, `<number>.ldb`:
//
//   data blocks | filter block | block that says where the filter is | index block | footer (48 bytes)
//   block:   content | type: 0 as it is, 1 Snappy | CRC-32C of content and type, masked (4 bytes)
//   footer:  place of the filter's block, place of the index (an offset and a size each, varints) | zeros | magic number (8 bytes)
//
// The content of the index is entries and, behind them, where some of these begin (4 bytes each) and how many those are (4 bytes); an entry is the lengths
// of what its key shares with the one before, of the rest of its key, and of its value (varints), then that rest and the value: the place of a block.
import { crc32c } from '../../lib/core/crc32c.ts'
import { decompressSnappyBlock, readSnappyLength } from '../../lib/core/snappy-block.ts'

const FOOTER_BYTES = 48
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
const TRAILER_BYTES = 5
const SNAPPY = 1
/** An index has some 30 bytes for each 4 KiB of a table. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024

/** Where a block lies, without its trailer. */
interface Place {
  readonly from: number
  readonly size: number
}

/**
 * What is wrong with a table file; undefined if nothing is. Every byte that LevelDB reads is behind a checksum, and LevelDB, as it is opened here, does not
 * look at any: rows would change or vanish, and nobody would be told.
 */
export function damageOf(table: Buffer): string | undefined {
  try {
    requireSound(table)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function requireSound(table: Buffer): void {
  const end = table.length - FOOTER_BYTES
  if (end < 0) throw new Error(`is ${table.length} bytes long, shorter than any table`)
  if (table.compare(MAGIC, 0, MAGIC.length, table.length - MAGIC.length) !== 0)
    throw new Error('has no magic number at its end')
  const footer = new Reader(table, end, table.length - MAGIC.length)
  const places = [footer.place(), footer.place()]
  for (const place of places) {
    requireBlock(table, place, end)
    for (const named of placesIn(contentOf(table, place))) requireBlock(table, named, end)
  }
}

function* placesIn(content: Buffer): Generator<Place> {
  const count = content.length < 4 ? -1 : content.readUInt32LE(content.length - 4)
  const entriesEnd = content.length - 4 * (count + 1)
  if (count < 0 || entriesEnd < 0) throw new Error('has an index that cannot be read')
  const reader = new Reader(content, 0, entriesEnd)
  while (!reader.atEnd) {
    reader.varint()
    const keyBytes = reader.varint()
    reader.varint()
    reader.skip(keyBytes)
    yield reader.place()
  }
}

function requireBlock(table: Buffer, { from, size }: Place, end: number): void {
  const to = from + size
  if (to + TRAILER_BYTES > end) throw new Error(`names a block at ${from} that ends behind its own end`)
  if (table.readUInt32LE(to + 1) !== masked(crc32c(table, from, to + 1))) {
    throw new Error(`has a wrong checksum in the block at ${from}`)
  }
}

function contentOf(table: Buffer, { from, size }: Place): Buffer {
  const to = from + size
  if (table[to] !== SNAPPY) return table.subarray(from, to)
  const { length, elementsAt } = readSnappyLength(table, from, to)
  if (length > MAX_INDEX_BYTES) throw new Error(`has an index of ${length} bytes`)
  const content = Buffer.allocUnsafe(length)
  decompressSnappyBlock(table, elementsAt, to, content, 0, length)
  return content
}

// LevelDB stores checksums in this form, so that those of bytes that hold checksums are not special.
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** Reads varints up to a given end. */
class Reader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#at >= this.#end
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  place(): Place {
    const from = this.varint()
    return { from, size: this.varint() }
  }

  /** Below 2^49: more than a file has. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      if (this.atEnd) throw new Error('is cut off')
      const byte = this.#bytes[this.#at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new Error('has a number that is none')
  }
}
