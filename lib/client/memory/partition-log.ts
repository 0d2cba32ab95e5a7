import type { Clock } from '../../core/clock.ts'
import type { IsolationLevel } from '../client.ts'
import type { AbortedTransaction } from '../protocol/aborted-transactions.ts'
import { encodeControlBatch } from '../protocol/control-batch.ts'
import { errorCodes } from '../protocol/error-codes.ts'
import { type BatchHeader, readBatchHeader, setBaseOffset } from '../protocol/record-batch.ts'
import { AbortedIndex } from './aborted-index.ts'
import { checkBatch, type Refusal, refusal } from './append-validation.ts'
import { stampLogAppendTime } from './batch-bytes.ts'
import { ProducerStates } from './producer-states.ts'
import { RecordCursor } from './record-cursor.ts'
import { StoredBatches } from './stored-batches.ts'
import type { LogConfig } from './topic-configs.ts'

const NO_TIMESTAMP = -1

export interface Appended {
  readonly baseOffset: number
  /** -1 unless the topic's timestamps are log-append times. */
  readonly logAppendTimeMs: number
}

export interface ReadBatches {
  /** Whole batches from the one that holds the offset; the last may be cut off, as a real broker cuts it. */
  readonly records: Buffer
  readonly abortedTransactions: readonly AbortedTransaction[]
}

/**
 * One partition: its batches as bytes with offsets assigned, and what follows from them. Nothing is replicated, so the high watermark is the
 * log end. `leader` says which node answers for it.
 */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly batches = new StoredBatches()
  readonly producers = new ProducerStates()
  readonly aborted = new AbortedIndex()
  leader: number
  leaderEpoch = 0
  readonly #clock: Clock
  readonly #config: () => LogConfig
  readonly #watchers = new Set<() => void>()
  #logStartOffset = 0
  #logEndOffset = 0

  constructor(topic: string, partition: number, leader: number, clock: Clock, config: () => LogConfig) {
    this.topic = topic
    this.partition = partition
    this.leader = leader
    this.#clock = clock
    this.#config = config
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  /** The offset that the next record gets; also the high watermark. */
  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** Where the first open transaction begins; the log end if there is none. */
  get lastStableOffset(): number {
    return Math.max(this.producers.firstUnstableOffset ?? this.#logEndOffset, this.#logStartOffset)
  }

  /** What a reader may read up to (exclusive). */
  endFor(isolation: IsolationLevel): number {
    return isolation === 'read_committed' ? this.lastStableOffset : this.#logEndOffset
  }

  /**
   * Appends a producer's batch.
   *
   * @param verified - Whether the coordinator has said that the batch's transaction holds this partition.
   */
  append(records: Buffer, verified: boolean): Appended | Refusal {
    const config = this.#config()
    const nowMs = this.#clock.now()
    const header = checkBatch(records, config, nowMs)
    if ('errorCode' in header) return header
    const isIdempotent = header.producerId >= 0
    if (isIdempotent) {
      const duplicate = this.producers.duplicateOf(header)
      if (duplicate !== undefined) return { baseOffset: duplicate.firstOffset, logAppendTimeMs: duplicate.timestamp }
      const inTransaction = verified || this.producers.hasOpenTransaction(header.producerId, header.producerEpoch)
      if (header.transactional && !inTransaction) return refusal(errorCodes.INVALID_TXN_STATE)
      const errorCode = this.producers.check(header)
      if (errorCode !== errorCodes.NONE) return refusal(errorCode)
    }
    // A copy: the sender keeps its bytes, and may send them again.
    const bytes = Buffer.from(records)
    if (config.logAppendTime) stampLogAppendTime(bytes, nowMs)
    const stored = this.#store(bytes)
    if (isIdempotent) this.producers.appended(stored)
    this.changed()
    return { baseOffset: stored.baseOffset, logAppendTimeMs: config.logAppendTime ? nowMs : NO_TIMESTAMP }
  }

  /** Ends a producer's transaction here; written also if the producer has sent nothing to the partition. */
  appendMarker(type: 'commit' | 'abort', producerId: number, producerEpoch: number): void {
    if (!this.producers.acceptsMarker(producerId, producerEpoch)) return
    const marker = this.#store(encodeControlBatch({ type, producerId, producerEpoch, timestamp: this.#clock.now() }))
    const completed = this.producers.ended(marker)
    if (completed !== undefined && type === 'abort') this.aborted.add(completed)
    this.changed()
  }

  /**
   * Reads from the batch that holds the offset.
   *
   * @param maxBytes - Where to cut.
   * @param atLeastOneBatch - Whether the first batch is returned whole even if it is larger; otherwise there is nothing then.
   */
  read(offset: number, maxBytes: number, isolation: IsolationLevel, atLeastOneBatch: boolean): ReadBatches {
    const first = this.batches.indexOf(offset)
    const firstBytes = this.batches.at(first)?.bytes.length ?? 0
    const availableBytes = this.availableBytes(offset, isolation)
    const limitBytes = atLeastOneBatch ? Math.max(maxBytes, firstBytes) : maxBytes
    if (availableBytes === 0 || limitBytes < firstBytes) return { records: Buffer.alloc(0), abortedTransactions: [] }
    const records = this.batches.copy(first, Math.min(availableBytes, limitBytes))
    if (isolation === 'read_uncommitted') return { records, abortedTransactions: [] }
    const after = this.batches.at(this.#indexAtPosition(first, records.length))
    const toOffset = after?.header.baseOffset ?? this.#logEndOffset
    return { records, abortedTransactions: this.aborted.between(offset, toOffset) }
  }

  /** Bytes from the batch that holds the offset up to what the reader may see. */
  availableBytes(offset: number, isolation: IsolationLevel): number {
    const from = this.batches.at(this.batches.indexOf(offset))
    const end = this.endFor(isolation)
    if (from === undefined || from.header.baseOffset >= end) return 0
    // The stable offset is where a batch begins, so no batch lies across it, but for records deleted since.
    const to = end === this.#logEndOffset ? undefined : this.batches.at(this.batches.indexOf(end))
    return (to?.position ?? this.batches.endPosition) - from.position
  }

  /** The first record at or after a time. */
  findTimestamp(timestamp: number): { readonly offset: number; readonly timestamp: number } | undefined {
    for (let index = this.batches.indexOfTimestamp(timestamp); index < this.batches.count; index++) {
      const { bytes, header } = this.batches.at(index)!
      if (header.maxTimestamp < timestamp) continue
      const cursor = new RecordCursor(bytes, header)
      while (cursor.next()) {
        if (cursor.timestamp >= timestamp && cursor.offset >= this.#logStartOffset) {
          return { offset: cursor.offset, timestamp: cursor.timestamp }
        }
      }
    }
    return undefined
  }

  /** Moves the log start; the batch that holds the offset stays whole. The offset must not lie beyond the log end. */
  deleteBefore(offset: number): void {
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    this.batches.dropBefore(offset)
    this.aborted.dropBefore(offset)
    this.changed()
  }

  /** Calls `onChange` at each change of what a reader sees; returns how to stop that. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => void this.#watchers.delete(onChange)
  }

  changed(): void {
    for (const onChange of this.#watchers) onChange()
  }

  #store(bytes: Buffer): BatchHeader {
    setBaseOffset(bytes, this.#logEndOffset, this.leaderEpoch)
    const header = readBatchHeader(bytes, 0)!
    this.batches.push(bytes, header)
    this.#logEndOffset = header.lastOffset + 1
    return header
  }

  // Index of the first batch that was not touched by a read of so many bytes.
  #indexAtPosition(first: number, sizeBytes: number): number {
    let index = first
    for (let left = sizeBytes; left > 0; index++) left -= this.batches.at(index)!.bytes.length
    return index
  }
}
