const SHOWN_PROBLEMS = 5

/** Differences found, of which the first few are told. */
export class Problems {
  readonly #what: string
  readonly #shown: string[] = []
  #count = 0

  constructor(what: string) {
    this.#what = what
  }

  add(problem: string): void {
    this.#count++
    if (this.#shown.length < SHOWN_PROBLEMS) this.#shown.push(problem)
  }

  /** Each key's count is the same in both. */
  compare(found: Uint32Array, wanted: Uint32Array): void {
    for (let number = 0; number < wanted.length; number++)
      if (found[number] !== wanted[number]) this.add(`key ${number} has ${found[number]} instead of ${wanted[number]}`)
  }

  get all(): readonly string[] {
    return this.#count === 0 ? [] : [`${this.#what}: ${this.#count} differences: ${this.#shown.join('; ')}, …`]
  }
}
