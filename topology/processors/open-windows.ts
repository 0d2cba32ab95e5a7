import type { WindowEnds, Windowed } from '../../lib/core/windowed.ts'
import type { TimeRange, TimestampedWindowStore, ValueAndTimestamp } from '../../stores/store.ts'

/** Of more windows than that, those that end last are looked up when their time comes. More than may lie around one time: those that end at once have to fit. */
const MAX_WINDOWS = 16_384

interface OpenWindow {
  readonly startMs: number
  readonly endMs: number
}

/**
 * The windows of a store that have not been emitted yet, by their ends: of windows that differ in length, the starts do not tell which of them close.
 *
 * What is known of them is lost with the process, and bounded. Up to `#knownUntilMs`, exclusive, all ends are known; when time comes there the store is asked.
 */
export class OpenWindows<K, V> {
  readonly #store: TimestampedWindowStore<K, V>
  readonly #ends: WindowEnds & { readonly maxSizeMs: number }
  readonly #maxWindows: number
  /** By end, then start. */
  #windows: OpenWindow[] = []
  #knownUntilMs = 0

  constructor(
    store: TimestampedWindowStore<K, V>,
    ends: WindowEnds & { readonly maxSizeMs: number },
    maxWindows = MAX_WINDOWS,
  ) {
    this.#store = store
    this.#ends = ends
    this.#maxWindows = maxWindows
  }

  /** Says that a window is in the store, or will be. */
  add(startMs: number, endMs: number): void {
    if (endMs >= this.#knownUntilMs) return
    const at = this.#placeOf(startMs, endMs)
    const there = this.#windows[at]
    if (there !== undefined && there.startMs === startMs && there.endMs === endMs) return
    this.#windows.splice(at, 0, { startMs, endMs })
    if (this.#windows.length > this.#maxWindows) this.#forgetLatest()
  }

  /** The ends of the windows that close between two times, after `emittedMs` (-1: from the beginning), up to `closeMs`; undefined if none does. */
  closed(emittedMs: number, closeMs: number): TimeRange | undefined {
    const fromMs = this.#windows[0]?.endMs ?? Math.max(emittedMs + 1, this.#knownUntilMs)
    return fromMs <= closeMs ? { fromMs, toMs: closeMs } : undefined
  }

  /** The results of the windows that end within the range, by end, then start, then key; they do not count as open any more. */
  async *take({ fromMs, toMs }: TimeRange): AsyncGenerator<readonly [Windowed<K>, ValueAndTimestamp<V>], void> {
    for (;;) {
      const first = this.#windows[0]
      if (first !== undefined && first.endMs <= toMs) {
        yield* this.#store.fetchByTime({ fromMs: first.startMs, toMs: first.startMs })
        this.#windows.shift()
      } else if (this.#knownUntilMs <= toMs) await this.#lookUp(Math.max(fromMs, this.#knownUntilMs))
      else return
    }
  }

  /** Finds the windows that end there, or later: one look into the store for each start. */
  async #lookUp(earliestEndMs: number): Promise<void> {
    this.#windows = []
    this.#knownUntilMs = Number.POSITIVE_INFINITY
    let fromMs = Math.max(0, earliestEndMs - this.#ends.maxSizeMs)
    for (;;) {
      const startMs = await this.#firstStart(fromMs)
      if (startMs === undefined) return
      const endMs = this.#ends.endOf(startMs)
      if (endMs >= earliestEndMs) this.add(startMs, endMs)
      fromMs = startMs + 1
    }
  }

  async #firstStart(fromMs: number): Promise<number | undefined> {
    for await (const [{ window }] of this.#store.fetchByTime({ fromMs, toMs: Number.MAX_SAFE_INTEGER })) {
      return window.startMs
    }
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

function isBefore(window: OpenWindow, startMs: number, endMs: number): boolean {
  return window.endMs < endMs || (window.endMs === endMs && window.startMs < startMs)
}
