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

/** Timers in the order in which they fall due. Most timers of a cluster are time-outs that are cancelled: that costs next to nothing here. */
export class TimerHeap {
  #heap: Due[] = []
  #cancelled = 0

  add(atMs: number, sequence: number, action: () => void): Due {
    const due = new Due(this, atMs, sequence, action)
    this.#heap.push(due)
    this.#rise(this.#heap.length - 1)
    return due
  }

  /** To be called when one of its timers has been cancelled. */
  cancelled(): void {
    if (++this.#cancelled > FEW_CANCELLED && this.#cancelled > this.#heap.length / 2) this.#compact()
  }

  /** The timer that is due first; undefined if there is none. */
  get first(): Due | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.action === undefined) {
      this.#removeFirst()
      this.#cancelled--
    }
    return this.#heap[0]
  }

  /** Takes the first timer, and what it is to do. */
  take(): () => void {
    const { action } = this.first!
    const due = this.#removeFirst()
    due.action = undefined
    return action!
  }

  #removeFirst(): Due {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      this.#sink(0)
    }
    return first
  }

  // In place, from the last parent up.
  #compact(): void {
    this.#heap = this.#heap.filter(({ action }) => action !== undefined)
    this.#cancelled = 0
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index--) this.#sink(index)
  }

  #rise(index: number): void {
    const heap = this.#heap
    const due = heap[index]!
    let at = index
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(due, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = due
  }

  #sink(index: number): void {
    const heap = this.#heap
    const due = heap[index]!
    let at = index
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, due)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = due
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
