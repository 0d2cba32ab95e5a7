import { hasSeveral, type Side } from '../../stores/unmatched/row-bytes.ts'
import type { UnmatchedContent, UnmatchedStore } from '../../stores/unmatched/unmatched-store.ts'
import type { InternalProcessorContext } from '../processor.ts'
import type { JoinWindows } from '../windows.ts'

/** Records of one side, key and time that no match can come for any more. */
export interface DueRecords<K> extends UnmatchedContent<K> {
  readonly side: Side
  readonly timestamp: number
}

/** How a join treats records without a match. */
export interface UnmatchedSettings {
  readonly windows: JoinWindows
  /** Whether records of the right side wait too. */
  readonly bothSides: boolean
  /** Lets records go as soon as they are due, where Java leaves some for later. */
  readonly promptly: boolean
}

const ofStore = new WeakMap<UnmatchedStore<any, any, any>, UnmatchedRecords<any>>()

/**
 * The records of a left or outer join that wait for a match, in one task, and the times by which they are let go. The two sides of the join share it.
 *
 * Java concludes from one time whether any record may be due: that of the last one which it looked at the last time, or of one that came since if it is
 * older; and it adds the span of the side that looks. So some are let go later than they might be, though none is lost. `promptly` does without this:
 * it goes by the oldest one left.
 */
export class UnmatchedRecords<K> {
  readonly #store: UnmatchedStore<K, unknown, unknown>
  readonly #settings: UnmatchedSettings
  readonly #spanMs: Readonly<Record<Side, number>>
  #streamTimeMs = -1
  #candidateMs: number
  #nextLookMs = Number.NEGATIVE_INFINITY

  constructor(store: UnmatchedStore<K, unknown, unknown>, settings: UnmatchedSettings) {
    const { beforeMs, afterMs, graceMs } = settings.windows
    this.#store = store
    this.#settings = settings
    this.#spanMs = { left: afterMs + graceMs, right: beforeMs + graceMs }
    this.#candidateMs = store.oldestMs
  }

  /** Those of the task that the store belongs to. With its processors, also after an abort, a task makes new stores. */
  static shared<K>(store: UnmatchedStore<K, unknown, unknown>, settings: UnmatchedSettings): UnmatchedRecords<K> {
    const known = ofStore.get(store) ?? new UnmatchedRecords(store, settings)
    ofStore.set(store, known)
    return known
  }

  /** The highest time of both sides. */
  get streamTimeMs(): number {
    return this.#streamTimeMs
  }

  observe(timeMs: number): void {
    if (timeMs > this.#streamTimeMs) this.#streamTimeMs = timeMs
  }

  add(side: Side, key: K, value: unknown, timestamp: number): void {
    this.#candidateMs = Math.min(this.#candidateMs, timestamp)
    this.#store.put(side, key, value, timestamp)
  }

  /** A match was found for those of this side, key and time. */
  matched(side: Side, key: K, timestamp: number): void {
    this.#store.remove(side, key, timestamp)
  }

  /** Whether a record of this side shall look for others that are due. By the clock at most every `emitIntervalMs`, since a look is costly. */
  shouldLook(side: Side, context: InternalProcessorContext): boolean {
    const { promptly } = this.#settings
    const dueMs = promptly ? this.#store.oldestMs + this.#shortestMs : this.#candidateMs + this.#spanMs[side]
    if (dueMs >= this.#streamTimeMs) return false
    if (context.emitIntervalMs === 0) return true
    const nowMs = context.currentSystemTimeMs()
    if (nowMs < this.#nextLookMs) return false
    this.#nextLookMs = nowMs + context.emitIntervalMs
    return true
  }

  /** Takes out those that no match can come for any more, one by one. */
  async *due(): AsyncGenerator<DueRecords<K>, void, undefined> {
    const { bothSides, promptly } = this.#settings
    const open = { left: false, right: !bothSides }
    let oldestLeftMs = Number.POSITIVE_INFINITY
    this.#candidateMs = Number.POSITIVE_INFINITY
    for await (const entry of this.#store.entries()) {
      this.#candidateMs = entry.timestamp
      if (open.left && open.right) {
        // With one side alone Java looks at all of them.
        if (!bothSides) this.#candidateMs = (await this.#store.newestMs())!
        break
      }
      if (entry.timestamp + this.#spanMs[entry.side] < this.#streamTimeMs) {
        // First, so that one that a joiner cannot cope with is not met again and again where errors are skipped.
        this.#store.removeEntry(entry)
        yield { side: entry.side, timestamp: entry.timestamp, ...(await this.#store.read(entry)) }
        continue
      }
      open[entry.side] = true
      oldestLeftMs = Math.min(oldestLeftMs, entry.timestamp)
      // Java meets each value for itself: where the first one has said that both sides wait, the second ends the look.
      if (bothSides && open.left && open.right && hasSeveral(entry.list)) break
      if (promptly && entry.timestamp + this.#shortestMs >= this.#streamTimeMs) break
    }
    this.#store.nothingBefore(oldestLeftMs)
  }

  get #shortestMs(): number {
    return Math.min(this.#spanMs.left, this.#spanMs.right)
  }
}
