// Flow: fetcher-node → [fetched-partition] → record-queue.
import type { ConsumedRecord } from '../core/record.ts'
import type { FetchedPartition } from './client.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { FetchedRecords } from './protocol/fetched-records.ts'
import { readBatchHeader } from './protocol/record-batch.ts'

/** One partition's part of a Fetch response. */
export type PartitionResponse = ResponseOf<'fetch'>['topics'][number]['partitions'][number]

/** Most responses that lie ready for one partition: a paused partition with a trickle of records stays out of requests too. */
const MAX_BUFFERED_RESPONSES = 32
/** What one request asks of one partition, at most. */
const MAX_REQUEST_BYTES = 1024 * 1024

/** The end offset of bytes that cannot be walked to their end: never reached. */
const AT_DAMAGE = Number.MAX_SAFE_INTEGER

interface Chunk {
  readonly records: FetchedRecords
  readonly sizeBytes: number
  /** The offset after its last batch. */
  readonly endOffset: number
}

export interface PartitionBufferOptions {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBufferedBytes: number
  readonly readCommitted: boolean
  /** Called when the partition may be fetched again after its buffer was full. */
  readonly onRoom: (partition: PartitionBuffer) => void
}

/**
 * The bytes that were fetched for one partition and not yet taken, decoded record by record as they are taken.
 *
 * `fetchOffset`, where the next request starts, runs ahead of `position`, where the user is. A request asks for half of the buffer's
 * bytes and is sent while the other half is being read, so a reader who keeps going never waits for the network.
 */
export class PartitionBuffer implements FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly maxRequestBytes: number
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  /** Where the next request starts. */
  fetchOffset: number
  /** In which its leader was found; a node that knows another one refuses. -1: not known. */
  leaderEpoch = -1
  /** Requests that failed since the last one that did not. */
  failureCount = 0
  readonly #readCommitted: boolean
  readonly #roomBytes: number
  readonly #onRoom: (partition: PartitionBuffer) => void
  /** Up to where everything has been taken, as long as nothing is buffered. */
  #position: number
  #current: Chunk | undefined
  #later: Chunk[] = []
  #bufferedBytes = 0
  #error: Error | undefined
  #damaged = false
  #removed = false

  constructor(options: PartitionBufferOptions) {
    this.topic = options.topic
    this.partition = options.partition
    this.fetchOffset = options.offset
    this.#position = options.offset
    this.#readCommitted = options.readCommitted
    this.#roomBytes = Math.floor(options.maxBufferedBytes / 2)
    this.maxRequestBytes = Math.max(1, Math.min(MAX_REQUEST_BYTES, this.#roomBytes))
    this.#onRoom = options.onRoom
  }

  /** Whether the next request should include this partition. */
  get hasRoom(): boolean {
    if (this.#damaged || this.#error !== undefined) return false
    return this.#bufferedBytes <= this.#roomBytes && this.#later.length < MAX_BUFFERED_RESPONSES
  }

  get removed(): boolean {
    return this.#removed
  }

  get position(): number {
    for (let chunk = this.#current; chunk !== undefined; chunk = this.#finish(chunk)) {
      const { position } = chunk.records
      if (position < chunk.endOffset) return position
    }
    return this.#position
  }

  // Damaged bytes throw here, at each call: nothing that was fetched after them is given out.
  next(): ConsumedRecord | undefined {
    for (let chunk = this.#current; chunk !== undefined; chunk = this.#finish(chunk)) {
      const record = chunk.records.next()
      if (record !== undefined) return record
    }
    if (this.#error !== undefined) throw this.#error
    return undefined
  }

  /** Takes in what a request brought. Returns whether there is anything new for the user: records, or a later position. */
  receive(response: PartitionResponse): boolean {
    if (this.#removed || this.#damaged || this.#error !== undefined) return false
    this.failureCount = 0
    this.highWatermark = response.highWatermark
    this.lastStableOffset = response.lastStableOffset
    this.logStartOffset = response.logStartOffset
    const bytes = response.records
    if (bytes === null || bytes.length === 0) return false
    const endOffset = endOfBatches(bytes, this.fetchOffset)
    this.#damaged = endOffset === AT_DAMAGE

    const own = withoutTheRest(bytes)
    const { topic, partition, fetchOffset } = this
    const abortedTransactions = this.#readCommitted ? (response.abortedTransactions ?? []) : []
    const records = new FetchedRecords(own, { topic, partition, fetchOffset, abortedTransactions })
    const chunk = { records, sizeBytes: own.length, endOffset }
    this.fetchOffset = endOffset
    this.#bufferedBytes += own.length
    if (this.#current === undefined) this.#current = chunk
    else this.#later.push(chunk)
    return true
  }

  /** Nothing more is fetched; `next` throws the error once what was buffered before it has been taken. */
  fail(error: Error): void {
    if (!this.#removed) this.#error ??= error
  }

  /** Drops what is buffered; nothing more comes. */
  remove(): void {
    this.#removed = true
    this.#error = undefined
    this.#current = undefined
    this.#later = []
    this.#bufferedBytes = 0
  }

  // A chunk whose records are all taken: what is left of it are control records, aborted records and emptied batches.
  #finish(chunk: Chunk): Chunk | undefined {
    const hadRoom = this.hasRoom
    this.#position = chunk.endOffset
    this.#bufferedBytes -= chunk.sizeBytes
    this.#current = this.#later.shift()
    if (!hadRoom && this.hasRoom) this.#onRoom(this)
    return this.#current
  }
}

// The response's last batch may be cut off: it is fetched again from its start. What does not get beyond the fetch offset is damage, or it
// would be fetched again for ever. What lies before damage is good: the reader of the records will come to it and name the place.
function endOfBatches(bytes: Buffer, fetchOffset: number): number {
  let end = 0
  let at = 0
  try {
    for (let header = readBatchHeader(bytes, at); header !== undefined; header = readBatchHeader(bytes, at)) {
      if (header.baseOffset < end) return AT_DAMAGE
      end = header.lastOffset + 1
      at += header.sizeBytes
    }
  } catch {
    return AT_DAMAGE
  }
  return end > fetchOffset ? end : AT_DAMAGE
}

// A small part of a response must not keep the whole of it in memory for as long as it waits to be read.
function withoutTheRest(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > 2 * bytes.length ? Buffer.from(bytes) : bytes
}
