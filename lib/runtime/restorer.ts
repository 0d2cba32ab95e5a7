// Flow: changelog → fetcher → [restorer] → stores

import type { ChangelogPosition } from '../../stores/task-database.ts'
import type { Admin, Client, CommittedOffset, FetchedPartition, Fetcher } from '../client/client.ts'
import { OffsetOutOfRangeError } from '../client/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { type ConsumedRecord, partitionKey, type TopicPartition } from '../core/record.ts'
import type { Metrics } from './metrics.ts'
import { RecordQueue } from './record-queue.ts'
import { SourceChangelog } from './source-changelog.ts'
import type { StreamTask } from './stream-task.ts'
import type { TaskStore } from './task-stores.ts'
import { TransactionWait } from './transaction-wait.ts'

/** Restored writes that may wait in memory for their batch. */
const MAX_RESTORE_BATCH_BYTES = 4 * 1024 * 1024
/** Records applied before other work gets its turn. */
const RESTORE_SLICE_RECORDS = 2_000

/** One store of one task holds all of its changelog again. */
export interface RestoredEvent {
  readonly store: string
  /** -1: all, of a global store. */
  readonly partition: number
  /** How many records had to be read for it. */
  readonly records: number
  readonly ms: number
}

export interface RestorerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
  /** Identity of each changelog topic, by name. */
  readonly changelogIds: ReadonlyMap<string, Omit<ChangelogPosition, 'offset'>>
  readonly onRestored: (event: RestoredEvent) => void
}

interface Range {
  readonly from: number
  /**
   * The high watermark: what was committed lies before it, also where its marker is still on the way. Of a source topic the committed offset: what lies behind
   * it has yet to be processed.
   */
  readonly target: number
}

/** A store of a task that has a changelog. */
interface RestoringStore extends TaskStore {
  readonly task: StreamTask
  readonly name: string
  readonly changelog: TopicPartition
  /** The committed offset of a source topic; undefined if there is none. */
  readonly consumed: number | undefined
}

/** What records are read from: a changelog, or a source topic that serves as one. */
interface Feed {
  next(): ConsumedRecord | undefined
  readonly position: number
}

/** Brings the stores of tasks up to the end of their changelogs. */
export class Restorer {
  readonly #options: RestorerOptions
  readonly #admin: Admin
  readonly #fetcher: Fetcher
  readonly #waiting = new Set<() => void>()

  constructor(options: RestorerOptions) {
    this.#options = options
    this.#admin = options.client.admin
    this.#fetcher = options.client.fetcher({
      isolation: 'read_committed',
      purpose: 'restore',
      onReady: () => this.wake(),
    })
  }

  /**
   * Restores one store after the other. To be called when no other producer can write to the changelogs any more.
   *
   * @param committed - Of the task's inputs, by partition.
   * @param cancelled - Asked now and then; when true the call returns early, and what was restored until then stays.
   */
  async restore(
    task: StreamTask,
    committed: ReadonlyMap<string, CommittedOffset>,
    cancelled: () => boolean,
  ): Promise<void> {
    for (const [name, store] of task.stores) {
      const { changelog, isSource } = store
      if (changelog === undefined) continue
      const consumed = committed.get(partitionKey(changelog.topic, changelog.partition))?.offset
      // Neither consumed nor held: whatever the topic has is yet to be processed.
      if (isSource && consumed === undefined && task.database.position(name) === undefined) continue
      if (cancelled()) return
      await this.#restoreStore({ ...store, task, name, changelog, consumed }, cancelled)
    }
  }

  async close(): Promise<void> {
    this.wake()
    await this.#fetcher.close()
  }

  /** Has restores that wait for records ask again whether they are cancelled. */
  wake(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }

  async #restoreStore(store: RestoringStore, cancelled: () => boolean): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs()
    let records = 0
    for (let done = false; !done && !cancelled(); ) {
      const range = await this.#range(store)
      try {
        records += await this.#replay(store, range, cancelled)
        done = true
      } catch (error) {
        // Records before the log's new start were deleted while we read: nothing below them can be trusted.
        if (!(error instanceof OffsetOutOfRangeError)) throw error
        await this.#startOver(store, 'its changelog was cut while it was restored')
      }
    }
    if (cancelled()) return
    const ms = Math.round(this.#options.clock.monotonicMs() - startedMs)
    this.#options.metrics.recordsRestored += records
    this.#options.onRestored({ store: store.name, partition: store.changelog.partition, records, ms })
  }

  // Where to read from and to; empties the store first if what it holds does not belong to this changelog.
  async #range(store: RestoringStore): Promise<Range> {
    const { task, name, changelog, isSource, consumed } = store
    const key = partitionKey(changelog.topic, changelog.partition)
    const [starts, ends] = await Promise.all([
      this.#admin.offsets([changelog], 'earliest', 'read_uncommitted'),
      this.#admin.offsets([changelog], 'latest', 'read_uncommitted'),
    ])
    const start = starts.get(key)!
    const end = ends.get(key)!
    const target = isSource ? Math.min(consumed ?? start, end) : end
    const position = task.database.position(name)
    if (position === undefined) return { from: start, target }
    const ids = this.#options.changelogIds.get(changelog.topic)!
    const problem =
      position.topicId !== ids.topicId || position.clusterId !== ids.clusterId
        ? 'its changelog topic is not the one that it was filled from: it was created anew'
        : position.offset > end
          ? `it holds offset ${position.offset}, beyond the changelog's end ${end}`
          : position.offset < start
            ? `its changelog starts at ${start}, after its position ${position.offset}`
            : undefined
    if (problem === undefined) return { from: position.offset, target }
    await this.#startOver(store, problem)
    return { from: start, target }
  }

  async #startOver({ task, name, changelog }: RestoringStore, why: string): Promise<void> {
    const fields = { task: task.name, store: name, changelog: `${changelog.topic}-${changelog.partition}` }
    this.#options.logger.warn(fields, `store is emptied and restored from the start of its changelog: ${why}`)
    task.database.rollback()
    await task.database.wipe(name)
  }

  async #replay(restoring: RestoringStore, { from, target }: Range, cancelled: () => boolean): Promise<number> {
    if (from >= target) return 0
    const { task, name, store, changelog } = restoring
    const { database } = task
    const ids = this.#options.changelogIds.get(changelog.topic)!
    const fetched = this.#fetcher.add(changelog, from)
    const feed = this.#feed(restoring, fetched, target)
    const fields = { task: task.name, store: name, changelog: `${changelog.topic}-${changelog.partition}` }
    const waiting = new TransactionWait(this.#options, fields, fetched, target)
    let records = 0
    // The next records are read while a batch is being written.
    let writing = Promise.resolve()
    const write = async () => {
      await writing
      database.seal()
      writing = database.write(new Map([[name, { offset: feed.position, ...ids }]]))
      writing.catch(() => {})
    }
    try {
      while (feed.position < target && !cancelled()) {
        let taken = 0
        for (; taken < RESTORE_SLICE_RECORDS; taken++) {
          const record = feed.next()
          if (record === undefined) break
          store.restore(record)
        }
        records += taken
        // No await between an empty look and the wait: records that come in between would wake nobody.
        if (taken === 0) {
          if (feed.position >= target) continue
          waiting.began()
          await this.#moreToRead()
          continue
        }
        waiting.ended()
        if (database.uncommittedBytes >= MAX_RESTORE_BATCH_BYTES) await write()
        await this.#options.clock.yield()
      }
      await write()
      await writing
    } finally {
      waiting.ended()
      // A store that is emptied next must not get this batch afterwards.
      await writing.catch(() => {})
      this.#fetcher.remove(changelog)
    }
    return records
  }

  #feed({ task, changelog, isSource }: RestoringStore, fetched: FetchedPartition, target: number): Feed {
    if (!isSource) return fetched
    const queue = new RecordQueue({
      source: task.sourceOf(changelog.topic),
      fetched,
      partitionTimeMs: -1,
      nowMs: () => this.#options.clock.now(),
      // Counted when it was consumed.
      onDrop: () => {},
      onUnreadable: (error, raw) => task.errors.unrestorable(error, raw),
      onReady: () => this.wake(),
    })
    return new SourceChangelog(queue, target)
  }

  #moreToRead(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
    })
  }
}
