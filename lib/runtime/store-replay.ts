// Flow: changelog → fetcher → [store-replay] → store → task database
import type { ChangelogPosition } from '../../stores/task-database.ts'
import type { FetchedPartition, Fetcher } from '../client/client.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { ConsumedRecord, TopicPartition } from '../core/record.ts'
import { RecordQueue } from './record-queue.ts'
import type { RestoreMemory } from './restore-memory.ts'
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
/** Records of so many bytes become one batch. One more may be on its way to disk. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024
/** What stores gather before they make rows of it, they gain from: these become fewer. */
const MAX_GATHERED_BYTES = 32 * 1024 * 1024
const BATCHES_OF_A_STORE = 2
/** What a record may take up besides its own bytes: its row, and, in stores of groups, those that are written anew with it. Kept free in each share, if it is not a quarter of it. */
const MAX_ROW_BYTES = 8 * 1024
const MIN_ROW_BYTES = 192

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
  readonly memory: Pick<RestoreMemory, 'shareBytes' | 'freeBytes'>
  /** Resolves when there may be more to read, or more room, or `cancelled` may say something else. */
  readonly woken: () => Promise<void>
  /** Has all that wait look again. */
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
  /** Taken from the feed, and not in the store yet. */
  #next: ConsumedRecord | undefined
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
    const { task, name, store, changelog } = this.#store
    const { fetcher, turns, progress, cancelled } = this.#options
    const { target } = this.#range
    const fields = { task: task.name, store: name, changelog: `${changelog.topic}-${changelog.partition}` }
    const waiting = new TransactionWait(this.#options, fields, this.#fetched, target)
    try {
      while (this.#position < target && !cancelled()) {
        const taken = this.#slice()
        progress.read(taken)
        if (taken > 0) waiting.ended()
        if (this.#next !== undefined || this.#fillingBytes >= this.#shareBytes) await this.#makeRoom()
        // No await between an empty look and the wait: records that come in between would wake nobody.
        else if (taken === 0 && this.#position < target) {
          waiting.began()
          await this.#options.woken()
          continue
        }
        await turns.next()
      }
      await this.#write()
      await this.#writing
      return this.#position
    } catch (error) {
      // A batch that is on its way would reach a store that is emptied next; or, if it fails after this, stay sealed.
      await this.#writing.catch(() => {})
      // What was loaded must not be written with a later position.
      task.database.rollback()
      store.discard?.()
      throw error
    } finally {
      waiting.ended()
      fetcher.remove(changelog)
    }
  }

  /** The offset of the first record that is not in the store. */
  get #position(): number {
    return this.#next?.offset ?? this.#feed.position
  }

  /** Returns how many records were put into the store. One that there is no room for stays in `#next`. */
  #slice(): number {
    const { clock, memory } = this.#options
    const { store } = this.#store
    const feed = this.#feed
    const deadlineMs = clock.monotonicMs() + SLICE_MS
    const fullBytes = this.#fillingBytes + Math.min(this.#shareBytes - this.#fillingBytes, memory.freeBytes)
    let taken = 0
    while (taken < SLICE_RECORDS) {
      if (taken % RECORDS_BETWEEN_LOOKS === RECORDS_BETWEEN_LOOKS - 1 && clock.monotonicMs() >= deadlineMs) break
      this.#next ??= feed.next()
      const record = this.#next
      if (record === undefined) break
      const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0)
      if (!this.#hasRoomFor(bytes, fullBytes)) break
      this.#next = undefined
      store.restore(record)
      this.#recordBytes += bytes
      taken++
    }
    return taken
  }

  #hasRoomFor(recordBytes: number, fullBytes: number): boolean {
    if (this.#recordBytes + recordBytes > MAX_BATCH_BYTES && this.#recordBytes > 0 && !this.#gathers) return false
    const filling = this.#fillingBytes
    const share = this.#shareBytes
    const bytes = recordBytes + Math.max(MIN_ROW_BYTES, Math.min(MAX_ROW_BYTES, share / 4))
    if (filling + bytes <= fullBytes) return true
    // Larger than all that the store may ever hold: taken by itself.
    return filling === 0 && bytes > share
  }

  /** Of the rows in the batch that is filling. */
  get #fillingBytes(): number {
    const { task, store } = this.#store
    return task.database.uncommittedBytes - this.#writingBytes + (store.gatheredBytes ?? 0)
  }

  /** What may be in it. */
  get #shareBytes(): number {
    const { shareBytes } = this.#options.memory
    return this.#gathers ? Math.min(shareBytes, MAX_GATHERED_BYTES) : Math.floor(shareBytes / BATCHES_OF_A_STORE)
  }

  /** Whether the store gathers what it makes rows of. It has to see the rows of the batch before, so it has one batch only. */
  get #gathers(): boolean {
    return this.#store.store.flushGathered !== undefined
  }

  /** Writes what there is, or, if that is nothing, waits until others have written. */
  async #makeRoom(): Promise<void> {
    if (this.#recordBytes > 0 || this.#fillingBytes > 0) await this.#write()
    else if (this.#writingBytes > 0) await this.#writing
    else await this.#options.woken()
  }

  async #write(): Promise<void> {
    const { identity, progress, turns, wake } = this.#options
    const { name, store, task } = this.#store
    const { database } = task
    await this.#writing
    for (const _ of store.flushGathered?.() ?? []) await turns.next()
    await store.flush()
    const offset = this.#position
    database.seal()
    this.#recordBytes = 0
    this.#writingBytes = database.uncommittedBytes
    this.#writing = database.write(new Map([[name, { offset, ...identity }]])).then(() => {
      this.#writingBytes = 0
      wake()
    })
    this.#writing.catch(() => {})
    progress.reached(offset)
    if (this.#gathers) await this.#writing
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
