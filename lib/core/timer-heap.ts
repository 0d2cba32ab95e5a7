import { Heap } from './heap.ts'

/** A timer of a VirtualClock. */
export class Due {
  readonly atMs: number
  /** Counts the settings of one clock: of timers due at the same time the one set first fires first. */
  readonly sequence: number
  /** Undefined: cancelled, or fired. */
  action: (() => void) | undefined
  readonly #heap: TimerHeap

  constructor(heap: TimerHeap, atMs: number, sequence: number, action: () => void) {
    this.#heap = heap
    this.atMs = atMs
    this.sequence = sequence
    this.action = action
  }

  /** Does nothing if it was cancelled before, or has fired. */
  cancel(): void {
    if (this.action === undefined) return
    this.action = undefined
    this.#heap.cancelled()
  }
}

/** Below this many, cancelled timers are left until their time comes. */
const FEW_CANCELLED = 64

class DueHeap extends Heap<Due> {
  protected override isBefore(due: Due, other: Due): boolean {
    return due.atMs < other.atMs || (due.atMs === other.atMs && due.sequence < other.sequence)
  }
}

/** Timers in the order in which they fall due. Most timers of a cluster are time-outs that are cancelled: that costs next to nothing here. */
export class TimerHeap {
  readonly #heap = new DueHeap()
  #cancelled = 0

  add(atMs: number, sequence: number, action: () => void): Due {
    const due = new Due(this, atMs, sequence, action)
    this.#heap.offer(due)
    return due
  }

  /** To be called when one of its timers has been cancelled. */
  cancelled(): void {
    if (++this.#cancelled <= FEW_CANCELLED || this.#cancelled <= this.#heap.size / 2) return
    this.#heap.keep(({ action }) => action !== undefined)
    this.#cancelled = 0
  }

  /** The timer that is due first; undefined if there is none. */
  get first(): Due | undefined {
    let due = this.#heap.first
    while (due !== undefined && due.action === undefined) {
      this.#heap.poll()
      this.#cancelled--
      due = this.#heap.first
    }
    return due
  }

  /** Takes the first timer, and what it is to do. */
  take(): () => void {
    const { action } = this.first!
    this.#heap.poll()!.action = undefined
    return action!
  }
}
