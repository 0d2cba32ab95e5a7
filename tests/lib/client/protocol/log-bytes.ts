// Builds what a broker would send of a log: batches of several producers, markers, and what compaction leaves behind.

import type { AbortedTransaction } from '../../../../lib/client/protocol/aborted-transactions.ts'
import { type CompressionCodec, compress } from '../../../../lib/client/protocol/compression.ts'
import { encodeControlBatch } from '../../../../lib/client/protocol/control-batch.ts'
import { HEADER_BYTES, setBaseOffset, writeBatchHeader } from '../../../../lib/client/protocol/record-batch.ts'
import { writeVarint } from '../../../../lib/client/protocol/varint.ts'
import { type Headers, NO_HEADERS } from '../../../../lib/core/record.ts'

export interface LogRecord {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers?: Headers
}

export interface BatchOptions {
  readonly baseOffset: number
  /** Default: that of the last record. */
  readonly lastOffset?: number
  readonly records: readonly LogRecord[]
  readonly codec?: CompressionCodec
  readonly producerId?: number
  readonly transactional?: boolean
}

/** Unlike the builder under test this one leaves gaps between offsets, as compaction does. */
export function batchOf(options: BatchOptions): Buffer {
  const { baseOffset, records, codec = 'none', producerId = -1, transactional = false } = options
  const firstTimestamp = records[0]?.timestamp ?? 0
  const plain = Buffer.concat(records.map((record) => encodeRecord(record, baseOffset, firstTimestamp)))
  const payload = codec === 'none' ? plain : compress(codec, plain)
  const batch = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload])
  writeBatchHeader(batch, {
    codec,
    transactional,
    control: false,
    lastOffsetDelta: (options.lastOffset ?? records.at(-1)!.offset) - baseOffset,
    firstTimestamp,
    maxTimestamp: Math.max(0, ...records.map((record) => record.timestamp)),
    producerId,
    producerEpoch: producerId < 0 ? -1 : 0,
    baseSequence: producerId < 0 ? -1 : 0,
    recordCount: records.length,
  })
  setBaseOffset(batch, baseOffset)
  return batch
}

function encodeRecord(record: LogRecord, baseOffset: number, firstTimestamp: number): Buffer {
  const headers = record.headers ?? NO_HEADERS
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(record.timestamp - firstTimestamp),
    varint(record.offset - baseOffset),
    lengthAndBytes(record.key),
    lengthAndBytes(record.value),
    varint(headers.length),
    ...headers.flatMap(([name, value]) => [lengthAndBytes(Buffer.from(name)), lengthAndBytes(value)]),
  ])
  return Buffer.concat([varint(body.length), body])
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(10)
  return bytes.subarray(0, writeVarint(bytes, 0, value))
}

function lengthAndBytes(bytes: Buffer | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes])
}

/** A log written step by step. Values are the records' offsets, so that a test can name them. */
export class LogBytes {
  readonly batches: { readonly baseOffset: number; readonly lastOffset: number; readonly bytes: Buffer }[] = []
  readonly #firstOffsets = new Map<number, number>()
  /** In the order in which the transactions ended, as brokers list them. */
  readonly aborted: (AbortedTransaction & { readonly lastOffset: number })[] = []
  /** What a reader may see at the end: by offset. */
  readonly committed: number[] = []
  readonly #pending = new Map<number, number[]>()
  nextOffset: number

  constructor(startOffset = 0) {
    this.nextOffset = startOffset
  }

  get bytes(): Buffer {
    return Buffer.concat(this.batches.map((batch) => batch.bytes))
  }

  /** Plain records, without a producer id unless one is given. */
  plain(count: number, producerId = -1): this {
    this.committed.push(...this.#offsets(count))
    return this.#append(count, { producerId })
  }

  /** Records of a transaction, which begins with the first ones. `key` is that of all of them. */
  transactional(producerId: number, count: number, key: Buffer | null = null): this {
    if (!this.#firstOffsets.has(producerId)) this.#firstOffsets.set(producerId, this.nextOffset)
    this.#pending.set(producerId, [...(this.#pending.get(producerId) ?? []), ...this.#offsets(count)])
    return this.#append(count, { producerId, transactional: true }, key)
  }

  commit(producerId: number): this {
    this.committed.push(...(this.#pending.get(producerId) ?? []))
    return this.#end(producerId, 'commit')
  }

  abort(producerId: number): this {
    const firstOffset = this.#firstOffsets.get(producerId)
    if (firstOffset !== undefined) this.aborted.push({ producerId, firstOffset, lastOffset: this.nextOffset })
    return this.#end(producerId, 'abort')
  }

  /** A batch that compaction has emptied: it stays because it holds its producer's last sequence number. */
  emptied(count: number, producerId = -1, transactional = false): this {
    const baseOffset = this.nextOffset
    const lastOffset = baseOffset + count - 1
    return this.#push(lastOffset, batchOf({ baseOffset, lastOffset, records: [], producerId, transactional }))
  }

  isOpen(producerId: number): boolean {
    return this.#firstOffsets.has(producerId)
  }

  #end(producerId: number, type: 'commit' | 'abort'): this {
    this.#firstOffsets.delete(producerId)
    this.#pending.delete(producerId)
    const bytes = encodeControlBatch({ type, producerId, producerEpoch: 0, timestamp: 0 })
    setBaseOffset(bytes, this.nextOffset)
    return this.#push(this.nextOffset, bytes)
  }

  #append(count: number, options: Partial<BatchOptions>, key: Buffer | null = null): this {
    const records = this.#offsets(count).map((offset) => ({
      offset,
      key,
      value: Buffer.from(`${offset}`),
      timestamp: 0,
    }))
    return this.#push(this.nextOffset + count - 1, batchOf({ baseOffset: this.nextOffset, records, ...options }))
  }

  #offsets(count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.nextOffset + i)
  }

  #push(lastOffset: number, bytes: Buffer): this {
    this.batches.push({ baseOffset: this.nextOffset, lastOffset, bytes })
    this.nextOffset = lastOffset + 1
    return this
  }
}
