interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/** Those who wait for the same thing to happen. */
export class Waiters<T> {
  #waiting: Waiter<T>[] = []

  wait(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  resolve(value: T): void {
    for (const each of this.#take()) each.resolve(value)
  }

  reject(error: Error): void {
    for (const each of this.#take()) each.reject(error)
  }

  #take(): Waiter<T>[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }
}
