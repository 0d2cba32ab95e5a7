const WINDOW_MS = 1_000

/** How fast a count rises: over the last second, or what there is of it. */
export class Rate {
  readonly #samples: { readonly atMs: number; readonly count: number }[] = []

  add(atMs: number, count: number): void {
    const before = this.#samples.at(-1)
    if (before !== undefined && count < before.count) this.#samples.length = 0
    this.#samples.push({ atMs, count })
    // The oldest that is left lies just outside the window.
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - WINDOW_MS) this.#samples.shift()
  }

  reset(): void {
    this.#samples.length = 0
  }

  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0
    return ((last.count - first.count) * 1_000) / (last.atMs - first.atMs)
  }
}
