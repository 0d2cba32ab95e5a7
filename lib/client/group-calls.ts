/** Makes calls one at a time, in the order in which they were asked for. */
export class CallQueue {
  #last: Promise<unknown> = Promise.resolve()
  #count = 0

  /** Whether a call is under way or waits for its turn. */
  get busy(): boolean {
    return this.#count > 0
  }

  /** Resolves, or rejects, as the call does. One that rejects does not keep the next from being made. */
  async run(call: () => void | Promise<void>): Promise<void> {
    const before = this.#last
    this.#count++
    const mine = (async () => {
      await before
      await call()
    })()
    this.#last = mine.catch(() => {})
    try {
      await mine
    } finally {
      this.#count--
    }
  }
}
