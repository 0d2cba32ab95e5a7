import type { Window, WindowEnds, Windowed } from '../../lib/core/windowed.ts'
import type { TimeRange, TimestampedWindowStore, ValueAndTimestamp } from '../../stores/store.ts'

/** Of more windows than that, those that end last are looked up when their time comes. More than may lie around one time: those that end at once have to fit. */
const MAX_WINDOWS = 16_384

/** What is asked of windows that differ in length. */
export interface UnevenWindows extends WindowEnds {
  readonly maxSizeMs: number
}

/**
 * The windows of a store that have not been emitted yet, by their ends: of windows that differ in length, the starts do not tell which of them close.
 *
 * What is known of them is lost with the process, and bounded: all that end before `#knownUntilMs`. When time comes there the store is asked for more.
 */
export class OpenWindows<K, V> {
  readonly #store: Pick<TimestampedWindowStore<K, V>, 'fetchByTime'>
  readonly #ends: UnevenWindows
  readonly #maxWindows: number
  /** By end, then start. */
  #windows: Window[] = []
  #earliestStartMs = Number.POSITIVE_INFINITY
  #knownUntilMs: number

  /** @param emittedMs - Windows that end later are open; -1: all are. */
  constructor(
    store: Pick<TimestampedWindowStore<K, V>, 'fetchByTime'>,
    ends: UnevenWindows,
    emittedMs: number,
    maxWindows: number = MAX_WINDOWS,
  ) {
    this.#store = store
    this.#ends = ends
    this.#knownUntilMs = emittedMs + 1
    this.#maxWindows = maxWindows
  }

  /** Says that a window is in the store, or will be. */
  add(startMs: number, endMs: number): void {
    if (endMs >= this.#knownUntilMs) return
    const at = this.#placeOf(startMs, endMs)
    const there = this.#windows[at]
    if (there !== undefined && there.startMs === startMs && there.endMs === endMs) return
    this.#windows.splice(at, 0, { startMs, endMs })
    if (startMs < this.#earliestStartMs) this.#earliestStartMs = startMs
    if (this.#windows.length > this.#maxWindows) this.#forgetLatest()
  }

  /** The starts among which those of all windows lie that end up to `closeMs`; undefined if none does. */
  closed(closeMs: number): TimeRange | undefined {
    const first = this.#windows[0]
    if (this.#knownUntilMs > closeMs && (first === undefined || first.endMs > closeMs)) return undefined
    const unknownMs = Math.max(0, this.#knownUntilMs - this.#ends.maxSizeMs)
    return { fromMs: Math.min(this.#earliestStartMs, unknownMs), toMs: closeMs - 1 }
  }

  /** The results of the windows that end up to then, by end, then start, then key; they are not open any more. */
  async *take(closeMs: number): AsyncGenerator<readonly [Windowed<K>, ValueAndTimestamp<V>], void> {
    for (;;) {
      const count = this.#ascendingUntil(closeMs)
      if (count > 0) {
        yield* this.#read(this.#windows[0]!, this.#windows[count - 1]!)
        this.#windows.splice(0, count)
      } else if (this.#knownUntilMs <= closeMs) await this.#lookUp()
      else break
    }
    this.#earliestStartMs = this.#windows.reduce(
      (least, { startMs }) => Math.min(least, startMs),
      Number.POSITIVE_INFINITY,
    )
  }

  /** How many of the first windows end by then, and are in the order of their starts too: they can be read together. */
  #ascendingUntil(closeMs: number): number {
    const windows = this.#windows
    let count = 0
    while (
      count < windows.length &&
      windows[count]!.endMs <= closeMs &&
      (count === 0 || windows[count]!.startMs > windows[count - 1]!.startMs)
    ) {
      count++
    }
    return count
  }

  // Between them may start shorter windows, which have been taken, and longer ones, which are open.
  async *#read(first: Window, last: Window): AsyncGenerator<readonly [Windowed<K>, ValueAndTimestamp<V>], void> {
    for await (const entry of this.#store.fetchByTime({ fromMs: first.startMs, toMs: last.startMs })) {
      const { endMs } = entry[0].window
      if (endMs >= first.endMs && endMs <= last.endMs) yield entry
    }
  }

  /** Finds the windows that are not known: a look into the store for each start, with a stride that is about what lies between two of them. */
  async #lookUp(): Promise<void> {
    const earliestEndMs = this.#knownUntilMs
    this.#knownUntilMs = Number.POSITIVE_INFINITY
    let strideMs = 1
    for (let fromMs = Math.max(0, earliestEndMs - this.#ends.maxSizeMs); fromMs <= Number.MAX_SAFE_INTEGER; ) {
      const startMs = await this.#firstStart(fromMs, fromMs + strideMs - 1)
      if (startMs === undefined) {
        fromMs += strideMs
        strideMs *= 2
        continue
      }
      const endMs = this.#ends.endOf(startMs)
      if (endMs >= earliestEndMs) this.add(startMs, endMs)
      strideMs = startMs + 1 - fromMs
      fromMs = startMs + 1
    }
  }

  async #firstStart(fromMs: number, toMs: number): Promise<number | undefined> {
    for await (const [{ window }] of this.#store.fetchByTime({ fromMs, toMs })) return window.startMs
    return undefined
  }

  /** Where it is, or would be. */
  #placeOf(startMs: number, endMs: number): number {
    let [from, to] = [0, this.#windows.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if (isBefore(this.#windows[middle]!, startMs, endMs)) from = middle + 1
      else to = middle
    }
    return from
  }

  // Windows with the same end are forgotten together: what is known is known up to a time.
  #forgetLatest(): void {
    this.#knownUntilMs = this.#windows.at(-1)!.endMs
    while (this.#windows.at(-1)?.endMs === this.#knownUntilMs) this.#windows.pop()
  }
}

function isBefore(window: Window, startMs: number, endMs: number): boolean {
  return window.endMs < endMs || (window.endMs === endMs && window.startMs < startMs)
}
