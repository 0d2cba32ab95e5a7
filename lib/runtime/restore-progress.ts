// Flow: restorer, global-stores → [restore-progress] → listener, log
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from './metrics.ts'

/** Between two lines in the log about one store. */
const LOG_EVERY_MS = 10_000

/** How far the restore of one store has come. */
export interface RestoringEvent {
  readonly store: string
  /** Of the changelog; -1: all, of a global store, whose offsets are sums over its partitions. */
  readonly partition: number
  /** The topic that is read. */
  readonly topic: string
  /** Records read so far. */
  readonly records: number
  /** Where this restore began; where an earlier one was interrupted, it goes on. */
  readonly startingOffset: number
  /** Where it ends; exclusive. */
  readonly endOffset: number
  /** Offsets left: at most as many records, for compaction and transactions leave gaps. */
  readonly remaining: number
  /** Since this restore began; 0 at first. */
  readonly recordsPerSecond: number
  /** Until the end, in milliseconds, if it goes on as fast as so far; undefined at first. */
  readonly etaMs: number | undefined
}

/** One store of one task holds all of its changelog again. */
export interface RestoredEvent {
  readonly store: string
  /** -1: all, of a global store. */
  readonly partition: number
  /** How many records had to be read for it. */
  readonly records: number
  readonly ms: number
}

/** What is told of restores; see KafkaStreamsEvents. */
export interface RestoreListener {
  onRestoring(event: RestoringEvent): void
  onRestored(event: RestoredEvent): void
  onSuspended(event: RestoringEvent): void
}

export interface RestoreProgressOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly listener: RestoreListener
}

/** What is restored from where; -1 as partition: from all of them. */
export interface Restoring {
  readonly store: string
  readonly topic: string
  readonly partition: number
  /** Of a global store there is none. */
  readonly task?: string
}

/** Tells the listener and the log how the restore of one store goes. */
export class RestoreProgress {
  readonly #options: RestoreProgressOptions
  readonly #what: Restoring
  readonly #createdMs: number
  #startedMs: number
  #loggedMs: number
  #from = 0
  #target = 0
  #at = 0
  /** In all, and before a restore that had to begin anew. */
  #records = 0
  #recordsBefore = 0

  constructor(what: Restoring, options: RestoreProgressOptions) {
    this.#what = what
    this.#options = options
    this.#createdMs = options.clock.monotonicMs()
    this.#startedMs = this.#createdMs
    this.#loggedMs = this.#createdMs
  }

  /**
   * It is known what has to be read; once more if it had to begin anew. Nothing is told if that is nothing.
   *
   * @param why - Of a restore of everything, if it is worth a warning.
   * @param emptied - Whether the store had something, which is gone: told also if there is nothing to read.
   */
  started(from: number, target: number, why: string | undefined, emptied = false): void {
    const { clock, logger } = this.#options
    this.#from = from
    this.#target = target
    this.#at = from
    this.#recordsBefore = this.#records
    this.#startedMs = clock.monotonicMs()
    this.#loggedMs = this.#startedMs
    const remaining = Math.max(0, target - from)
    if (remaining === 0 && !emptied) return
    const fields = { ...this.#what, startingOffset: from, endOffset: target, remaining }
    if (why === undefined) logger.info(fields, 'a store is being restored')
    else {
      const how = emptied ? 'emptied and restored' : 'restored'
      const records = remaining === 1 ? 'record' : 'records'
      const text = `a store is ${how} from the start of its changelog, up to ${remaining} ${records}: ${why}`
      logger.warn({ ...fields, why }, text)
    }
    if (remaining === 0) return
    this.#options.listener.onRestoring(this.#event())
  }

  /** Records were read. */
  read(records: number): void {
    this.#records += records
    this.#options.metrics.recordsRestored += records
  }

  /** What was read before this offset is in the store, or on its way there. */
  reached(at: number): void {
    const { clock, logger, listener } = this.#options
    this.#at = at
    const event = this.#event()
    listener.onRestoring(event)
    if (clock.monotonicMs() - this.#loggedMs < LOG_EVERY_MS) return
    this.#loggedMs = clock.monotonicMs()
    logger.info({ task: this.#what.task, ...event }, `a store is still being restored: ${this.#progress(event)}`)
  }

  /** The store holds everything. */
  ended(): void {
    const { store, partition } = this.#what
    const { clock, logger, listener } = this.#options
    const ms = Math.round(clock.monotonicMs() - this.#createdMs)
    if (this.#records > 0) logger.info({ ...this.#what, records: this.#records, ms }, 'a store is restored')
    listener.onRestored({ store, partition, records: this.#records, ms })
  }

  /** The store is wanted here no more; what was reached stays. */
  suspended(at: number): void {
    if (this.#from >= this.#target) return
    this.#at = at
    const event = this.#event()
    this.#options.logger.info(
      { task: this.#what.task, ...event },
      'the restore of a store was interrupted: it goes on from there when the task comes back',
    )
    this.#options.listener.onSuspended(event)
  }

  #progress({ remaining, etaMs }: RestoringEvent): string {
    const percent = Math.floor(100 * (1 - remaining / (this.#target - this.#from)))
    return etaMs === undefined ? `${percent} %` : `${percent} %, about ${Math.ceil(etaMs / 1_000)} s left`
  }

  #event(): RestoringEvent {
    const { store, topic, partition } = this.#what
    const seconds = (this.#options.clock.monotonicMs() - this.#startedMs) / 1_000
    const remaining = Math.max(0, this.#target - this.#at)
    const passed = this.#at - this.#from
    return {
      store,
      topic,
      partition,
      records: this.#records,
      startingOffset: this.#from,
      endOffset: this.#target,
      remaining,
      recordsPerSecond: seconds > 0 ? Math.round((this.#records - this.#recordsBefore) / seconds) : 0,
      etaMs: passed > 0 && seconds > 0 ? Math.round((remaining * seconds * 1_000) / passed) : undefined,
    }
  }
}
