// Flow: changelog → fetcher → [store-replay] → store → task database
import type { ChangelogPosition } from '../../stores/task-database.ts'
import type { FetchedPartition, Fetcher } from '../client/client.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { ConsumedRecord, TopicPartition } from '../core/record.ts'
import { RecordQueue } from './record-queue.ts'
import type { RestoreProgress } from './restore-progress.ts'
import { SourceChangelog } from './source-changelog.ts'
import type { StreamTask } from './stream-task.ts'
import type { TaskStore } from './task-stores.ts'
import { TransactionWait } from './transaction-wait.ts'
import type { Turns } from './turns.ts'

/** Records, and time, of one store before other work gets its turn. */
const SLICE_RECORDS = 2_000
const SLICE_MS = 5
/** Reading the clock for each record would cost a tenth of the record. */
const RECORDS_BETWEEN_LOOKS = 64

/** A store of a task that has a changelog. */
export interface RestoringStore extends TaskStore {
  readonly task: StreamTask
  readonly name: string
  readonly changelog: TopicPartition
  /** The committed offset of a source topic; undefined if there is none. */
  readonly consumed: number | undefined
}

/** The part of a changelog that a store lacks. */
export interface ReplayRange {
  readonly from: number
  /**
   * The high watermark: what was committed lies before it, also where its marker is still on the way. Of a source topic the committed offset: what lies behind
   * it has yet to be processed.
   */
  readonly target: number
}

export interface StoreReplayOptions {
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly logger: Logger
  readonly turns: Turns
  readonly progress: RestoreProgress
  /** Of the changelog topic. */
  readonly identity: Omit<ChangelogPosition, 'offset'>
  /** A batch made from records of so many bytes is written. One more may be on its way to disk. */
  readonly batchBytes: number
  /** Whether a batch is to be written whose rows take so many bytes. */
  readonly isTooMuch: (rowBytes: number) => boolean
  /** Resolves when there may be more to read, or `cancelled` may say something else. */
  readonly moreToRead: () => Promise<void>
  readonly wake: () => void
  readonly cancelled: () => boolean
}

/** What records are read from: a changelog, or a source topic that serves as one. */
interface Feed {
  next(): ConsumedRecord | undefined
  readonly position: number
}

/**
 * Reads a part of a changelog into its store, batch by batch. Each batch is written with the position that it reaches: so what was read stays, wherever it is interrupted.
 */
export class StoreReplay {
  readonly #store: RestoringStore
  readonly #range: ReplayRange
  readonly #options: StoreReplayOptions
  readonly #fetched: FetchedPartition
  readonly #feed: Feed
  /** Of the records put into the batch that is filling. */
  #recordBytes = 0
  /** Of the rows on their way to disk. */
  #writingBytes = 0
  /** The next records are read while a batch is being written. */
  #writing: Promise<void> = Promise.resolve()

  constructor(store: RestoringStore, range: ReplayRange, options: StoreReplayOptions) {
    this.#store = store
    this.#range = range
    this.#options = options
    this.#fetched = options.fetcher.add(store.changelog, range.from)
    this.#feed = store.isSource ? this.#sourceFeed() : this.#fetched
  }

  /** Resolves when the store holds everything, or the replay was cancelled. To be called once. Returns where it has come to. */
  async run(): Promise<number> {
    const { task, name, changelog } = this.#store
    const { fetcher, turns, progress, cancelled } = this.#options
    const { target } = this.#range
    const fields = { task: task.name, store: name, changelog: `${changelog.topic}-${changelog.partition}` }
    const waiting = new TransactionWait(this.#options, fields, this.#fetched, target)
    try {
      while (this.#feed.position < target && !cancelled()) {
        const taken = this.#slice()
        progress.read(taken)
        // No await between an empty look and the wait: records that come in between would wake nobody.
        if (taken === 0) {
          if (this.#feed.position >= target) continue
          waiting.began()
          await this.#options.moreToRead()
          continue
        }
        waiting.ended()
        if (this.#isFull) await this.#write()
        await turns.next()
      }
      await this.#write()
      await this.#writing
      return this.#feed.position
    } catch (error) {
      // What was loaded must not be written with a later position.
      task.database.rollback()
      throw error
    } finally {
      waiting.ended()
      // A store that is emptied next must not get this batch afterwards.
      await this.#writing.catch(() => {})
      fetcher.remove(changelog)
    }
  }

  /** Returns how many records were put into the store. */
  #slice(): number {
    const { clock } = this.#options
    const { store } = this.#store
    const feed = this.#feed
    const deadlineMs = clock.monotonicMs() + SLICE_MS
    let taken = 0
    while (taken < SLICE_RECORDS && this.#recordBytes < this.#options.batchBytes) {
      if (taken % RECORDS_BETWEEN_LOOKS === RECORDS_BETWEEN_LOOKS - 1 && clock.monotonicMs() >= deadlineMs) break
      const record = feed.next()
      if (record === undefined) break
      store.restore(record)
      this.#recordBytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
      taken++
    }
    return taken
  }

  get #isFull(): boolean {
    const { batchBytes, isTooMuch } = this.#options
    if (this.#recordBytes >= batchBytes) return true
    return isTooMuch(this.#store.task.database.uncommittedBytes - this.#writingBytes)
  }

  async #write(): Promise<void> {
    const { identity, progress } = this.#options
    const { name, store, task } = this.#store
    const { database } = task
    await this.#writing
    await store.flush()
    const offset = this.#feed.position
    database.seal()
    this.#recordBytes = 0
    this.#writingBytes = database.uncommittedBytes
    this.#writing = database.write(new Map([[name, { offset, ...identity }]])).then(() => {
      this.#writingBytes = 0
    })
    this.#writing.catch(() => {})
    progress.reached(offset)
  }

  #sourceFeed(): Feed {
    const { task, changelog } = this.#store
    const queue = new RecordQueue({
      source: task.sourceOf(changelog.topic),
      fetched: this.#fetched,
      partitionTimeMs: -1,
      nowMs: () => this.#options.clock.now(),
      // Counted when it was consumed.
      onDrop: () => {},
      onUnreadable: (error, raw) => task.errors.unrestorable(error, raw),
      onReady: () => this.#options.wake(),
    })
    return new SourceChangelog(queue, this.#range.target)
  }
}
