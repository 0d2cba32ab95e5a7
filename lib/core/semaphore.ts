/** Lets at most a given number of pieces of work run at the same time; the others wait in order. */
export class Semaphore {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(permits: number) {
    this.#free = permits
  }

  /** @param signal - Work whose turn has not come when this is aborted is not done: the call resolves at once, with undefined. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    if (this.#free > 0) this.#free--
    else if (!(await this.#turn(signal))) return undefined
    try {
      return await work()
    } finally {
      this.#passOn()
    }
  }

  /** Resolves with whether the turn has come; if not, it was given up. */
  #turn(signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve(false)
        return
      }
      const giveUp = () => {
        this.#waiting.delete(begin)
        resolve(false)
      }
      const begin = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve(true)
      }
      this.#waiting.add(begin)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  #passOn(): void {
    for (const begin of this.#waiting) {
      this.#waiting.delete(begin)
      begin()
      return
    }
    this.#free++
  }
}
