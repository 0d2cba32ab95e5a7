// What a window store is meant to be: a list of entries, and the time by which they expire.
interface Entry {
  readonly key: string
  readonly startMs: number
  readonly entry: unknown
}

export interface WindowModelOptions {
  readonly retentionMs: number
  readonly retainDuplicates: boolean
  readonly timeOrdered: boolean
}

const SEGMENT_MS = 65_000

export class WindowModel {
  readonly #options: WindowModelOptions
  #entries: readonly Entry[] = []
  #observedMs = -1

  constructor(options: WindowModelOptions) {
    this.#options = options
  }

  copy(): WindowModel {
    const copy = new WindowModel(this.#options)
    copy.#entries = this.#entries
    copy.#observedMs = this.#observedMs
    return copy
  }

  put(key: string, entry: unknown, startMs: number): void {
    if (this.#options.retainDuplicates && entry === null) return
    this.#observedMs = Math.max(this.#observedMs, startMs)
    const others = this.#options.retainDuplicates
      ? this.#entries
      : this.#entries.filter((other) => other.key !== key || other.startMs !== startMs)
    this.#entries = entry === null ? others : [...others, { key, startMs, entry }]
  }

  fetch(key: string, fromMs: number, toMs: number): (readonly [number, unknown])[] {
    return this.#living()
      .filter((entry) => entry.key === key && entry.startMs >= fromMs && entry.startMs <= toMs)
      .sort((a, b) => a.startMs - b.startMs)
      .map(({ startMs, entry }) => [startMs, entry])
  }

  /** By segment, key and start. */
  all(): (readonly [string, number, unknown])[] {
    const segment = ({ startMs }: Entry) => Math.floor(startMs / SEGMENT_MS)
    return this.#living()
      .sort((a, b) => segment(a) - segment(b) || compare(a.key, b.key) || a.startMs - b.startMs)
      .map(({ key, startMs, entry }) => [key, startMs, entry])
  }

  /** By start and key. */
  byTime(): (readonly [number, string])[] {
    return this.#living()
      .sort((a, b) => a.startMs - b.startMs || compare(a.key, b.key))
      .map(({ startMs, key }) => [startMs, key])
  }

  /** How many entries have expired. */
  get expiries(): number {
    return this.#entries.length - this.#living().length
  }

  #living(): Entry[] {
    const { retentionMs, timeOrdered } = this.#options
    const oldestMs = this.#observedMs - retentionMs + (timeOrdered ? 0 : 1)
    return this.#entries.filter(({ startMs }) => startMs >= oldestMs)
  }
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
