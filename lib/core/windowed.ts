/** A stretch of event time, in epoch milliseconds. The end is exclusive for time windows, inclusive for sessions (as in Java). */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

/** Windows of which the start tells the end. */
export interface WindowEnds {
  /** The end of the window that starts there, both in epoch milliseconds; throws if none does. */
  endOf(startMs: number): number
}

/** A key within a window: the key of a windowed table. */
export class Windowed<K> {
  readonly key: K
  readonly window: Window

  constructor(key: K, startMs: number, endMs: number) {
    this.key = key
    this.window = { startMs, endMs }
  }
}
