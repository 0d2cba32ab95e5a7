// Flow: wire → [fetched-records] → fetcher → stream-loop
import { type ConsumedRecord, type Header, type Headers, NO_HEADERS } from '../../core/record.ts'
import { CorruptRecordError } from '../errors.ts'
import { type AbortedTransaction, AbortedTransactions } from './aborted-transactions.ts'
import { decompress } from './compression.ts'
import { isAbortMarker } from './control-batch.ts'
import { type BatchHeader, HEADER_BYTES, hasValidChecksum, readBatchHeader } from './record-batch.ts'
import { readVarint, varintEnd } from './varint.ts'

const NO_BYTES: Buffer = Buffer.alloc(0)

export interface FetchedRecordsOptions {
  readonly topic: string
  readonly partition: number
  /** The offset that was asked for. A batch may begin before it; those records are skipped. */
  readonly fetchOffset: number
  /** As the response lists them; empty when reading uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[]
}

/**
 * The records of one partition in one fetch response, read one by one, so that nothing is decoded before it is needed.
 *
 * Control records and records of aborted transactions are left out. Keys and values share memory with the fetched bytes.
 */
export class FetchedRecords {
  readonly #topic: string
  readonly #partition: number
  readonly #aborted: AbortedTransactions
  readonly #fetchOffset: number
  #bytes: Buffer
  /** After the batches met so far: offsets only grow. */
  #endOffset = 0
  /** Where the batch begins that comes after the current one. */
  #nextBatchAt = 0
  #position: number
  #failure: Error | undefined

  // The current batch: undefined before the first one, and once all are read.
  #batch: BatchHeader | undefined
  #records = NO_BYTES
  #at = 0
  #end = 0
  #left = 0

  constructor(bytes: Buffer, options: FetchedRecordsOptions) {
    this.#bytes = bytes
    this.#topic = options.topic
    this.#partition = options.partition
    this.#fetchOffset = options.fetchOffset
    this.#position = options.fetchOffset
    this.#aborted = new AbortedTransactions(options.abortedTransactions)
  }

  /**
   * The offset after the last record returned, moved on past control records, aborted records and emptied batches that
   * follow it. Stays before damaged bytes.
   */
  get position(): number {
    if (this.#left === 0) this.#advance()
    return this.#position
  }

  /**
   * The next record at or after the fetch offset, or undefined at the end of the bytes. A batch that the response cuts off
   * counts as the end; but a broker sends no bytes without one complete batch that reaches the offset that was asked for
   * (KIP-74), so bytes without one are damaged. The checksum of a batch is checked before its first record.
   *
   * @throws CorruptRecordError `STREAMS_CORRUPT_RECORD`: damaged bytes, here and at each further call.
   */
  next(): ConsumedRecord | undefined {
    if (this.#left === 0) {
      this.#advance()
      if (this.#left === 0) {
        if (this.#failure === undefined) return undefined
        throw this.#failure
      }
    }
    try {
      const record = this.#read(this.#batch!)
      if (record.offset < this.#position) throw new CorruptRecordError(`offset ${record.offset} comes again`)
      this.#position = record.offset + 1
      return record
    } catch (error) {
      this.#fail(error)
      throw this.#failure
    }
  }

  /** Goes on to the next batch that has a record to return. Failures wait for next(), so that `position` never throws. */
  #advance(): void {
    if (this.#failure !== undefined) return
    try {
      while (this.#left === 0) {
        this.#leave()
        const batch = readBatchHeader(this.#bytes, this.#nextBatchAt)
        if (batch === undefined) {
          this.#finish()
          return
        }
        this.#enter(batch)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #finish(): void {
    const sizeBytes = this.#bytes.length
    this.#bytes = NO_BYTES
    this.#nextBatchAt = 0
    if (sizeBytes > 0 && this.#position === this.#fetchOffset) {
      throw new CorruptRecordError(`${sizeBytes} bytes without one complete batch that reaches this offset`)
    }
  }

  #leave(): void {
    if (this.#batch === undefined) return
    if (this.#at !== this.#end)
      throw new CorruptRecordError(`${this.#end - this.#at} bytes after the batch's last record`)
    this.#position = Math.max(this.#position, this.#batch.lastOffset + 1)
    this.#batch = undefined
    this.#records = NO_BYTES
  }

  #enter(batch: BatchHeader): void {
    const start = this.#nextBatchAt
    const end = start + batch.sizeBytes
    if (!hasValidChecksum(this.#bytes, start, batch.sizeBytes)) throw new CorruptRecordError('checksum does not match')
    // The base offset is outside the checksum: this, and that it cannot be any number, is all that guards it.
    if (batch.baseOffset < this.#endOffset) {
      throw new CorruptRecordError(`a batch from offset ${batch.baseOffset} behind one up to ${this.#endOffset - 1}`)
    }
    this.#endOffset = batch.lastOffset + 1
    if (!this.#hasData(batch, start + HEADER_BYTES, end)) {
      this.#position = Math.max(this.#position, batch.lastOffset + 1)
      this.#nextBatchAt = end
      return
    }
    if (batch.codec === 'none') {
      this.#records = this.#bytes
      this.#at = start + HEADER_BYTES
      this.#end = end
    } else {
      this.#records = decompress(batch.codec, this.#bytes.subarray(start + HEADER_BYTES, end))
      this.#at = 0
      this.#end = this.#records.length
    }
    this.#nextBatchAt = end
    this.#batch = batch
    this.#left = batch.recordCount
    if (batch.baseOffset < this.#position) this.#skipTo(this.#position, batch)
  }

  /** Whether the batch may hold a record to return. Markers and aborted transactions are seen to on the way. */
  #hasData(batch: BatchHeader, recordsAt: number, end: number): boolean {
    // Compaction leaves a header alone. With something behind it the count is wrong, which comes out when the records are read.
    const emptied = batch.recordCount === 0 && recordsAt === end
    if (batch.control) {
      if (!emptied && isAbortMarker(this.#bytes, recordsAt, end)) this.#aborted.endAt(batch)
      return false
    }
    const aborted = !this.#aborted.none && this.#aborted.has(batch)
    return !aborted && !emptied && batch.lastOffset >= this.#position
  }

  #skipTo(offset: number, batch: BatchHeader): void {
    while (this.#left > 0) {
      const at = this.#at
      if (this.#read(batch).offset < offset) continue
      this.#at = at
      this.#left++
      return
    }
  }

  // The hot path. Most varints of a record are one byte long: those are read here, the others by readVarint.
  #read(batch: BatchHeader): ConsumedRecord {
    const bytes = this.#records
    let at = this.#at
    let length = bytes[at++]!
    if (length > 127) {
      length = readVarint(bytes, at - 1)
      at = varintEnd
    } else length = (length >>> 1) ^ -(length & 1)
    const end = at + length
    if (length < 0 || end > this.#end)
      throw new CorruptRecordError(`a record of ${length} bytes, ${this.#end - at} left`)

    const timestampDelta = readVarint(bytes, at + 1) // behind the attributes, of which none is in use
    at = varintEnd
    const offsetDelta = readVarint(bytes, at)
    at = varintEnd

    let keyLength = bytes[at++]!
    if (keyLength > 127) {
      keyLength = readVarint(bytes, at - 1)
      at = varintEnd
    } else keyLength = (keyLength >>> 1) ^ -(keyLength & 1)
    const key = keyLength < 0 ? null : this.#view(at, keyLength, end)
    if (keyLength > 0) at += keyLength

    let valueLength = bytes[at++]!
    if (valueLength > 127) {
      valueLength = readVarint(bytes, at - 1)
      at = varintEnd
    } else valueLength = (valueLength >>> 1) ^ -(valueLength & 1)
    const value = valueLength < 0 ? null : this.#view(at, valueLength, end)
    if (valueLength > 0) at += valueLength

    let headers = NO_HEADERS
    if (bytes[at] === 0) at++
    else {
      headers = this.#readHeaders(at, end)
      at = this.#at
    }

    const offset = batch.baseOffset + offsetDelta
    if (at !== end || offset < batch.baseOffset || offset > batch.lastOffset) {
      throw new CorruptRecordError(`a record of ${length} bytes that ends ${at - end} bytes off, with offset ${offset}`)
    }
    this.#at = end
    this.#left--
    const timestamp = batch.logAppendTime ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta
    return { offset, timestamp, key, value, headers }
  }

  #view(at: number, length: number, end: number): Buffer {
    if (at + length > end) throw new CorruptRecordError(`a field of ${length} bytes in ${end - at}`)
    return this.#records.subarray(at, at + length)
  }

  /** Reads the headers at `start`; afterwards `#at` is where they end. */
  #readHeaders(start: number, end: number): Headers {
    const bytes = this.#records
    const count = readVarint(bytes, start)
    let at = varintEnd
    // A header takes two bytes at least: a count beyond that is damage.
    if (count < 0 || count * 2 > end - at) throw new CorruptRecordError(`${count} headers in ${end - at} bytes`)
    const headers: Header[] = []
    for (let i = 0; i < count; i++) {
      const nameLength = readVarint(bytes, at)
      at = varintEnd
      if (nameLength < 0) throw new CorruptRecordError('a header without a name')
      const name = this.#view(at, nameLength, end).toString()
      at += nameLength
      const valueLength = readVarint(bytes, at)
      at = varintEnd
      const value = valueLength < 0 ? null : this.#view(at, valueLength, end)
      if (valueLength > 0) at += valueLength
      headers.push([name, value])
    }
    this.#at = at
    return headers
  }

  /** Names the place in the error, which from now on is the answer to next(). */
  #fail(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error)
    const where = `${this.#topic}-${this.#partition} at offset ${this.#position}`
    this.#left = 0
    this.#failure = new CorruptRecordError(
      `Cannot read ${where}: ${problem}. If fetching again does not help, the log itself is damaged: ` +
        'restore it from a replica, or delete the records up to the damage.',
      { cause: error },
    )
  }
}
