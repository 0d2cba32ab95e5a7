// Flow: restorer → [restore-memory] → store-replay

/** Bytes that a store which restores holds in memory: rows that are not on disk yet, and what they will be made of. */
export type HeldBytes = () => number

/**
 * The memory of all restores of an instance. What one store may hold follows from how many restore at the moment: when another one begins, those that hold more than their new share write
 * it, and that one waits until there is room.
 */
export class RestoreMemory {
  readonly #limitBytes: number
  readonly #restoring = new Set<HeldBytes>()

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** How many stores restore. */
  get count(): number {
    return this.#restoring.size
  }

  /** A store begins to restore. Returns what is to be called at its end. */
  enter(held: HeldBytes): () => void {
    this.#restoring.add(held)
    return () => this.#restoring.delete(held)
  }

  /** What each of them may hold. */
  get shareBytes(): number {
    return Math.floor(this.#limitBytes / this.#restoring.size)
  }

  /** What is left for all of them; below 0 if a single record is larger than its store's share. */
  get freeBytes(): number {
    let free = this.#limitBytes
    for (const held of this.#restoring) free -= held()
    return free
  }
}
