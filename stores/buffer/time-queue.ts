import { textOf } from '../bounds.ts'

/**
 * The keys of buffered records in the order in which they are due: by time, then by key bytes. A binary heap, since all that is ever taken out is the
 * first.
 */
export class TimeQueue {
  readonly #entries: QueuedKey[] = []

  get size(): number {
    return this.#entries.length
  }

  get first(): QueuedKey | undefined {
    return this.#entries[0]
  }

  add(timeMs: number, key: Buffer): void {
    const entries = this.#entries
    const added = { timeMs, key, text: textOf(key) }
    let at = entries.length
    entries.push(added)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!precedes(added, entries[parent]!)) break
      entries[at] = entries[parent]!
      at = parent
    }
    entries[at] = added
  }

  removeFirst(): void {
    const entries = this.#entries
    const last = entries.pop()
    if (last === undefined || entries.length === 0) return
    let at = 0
    for (let child = 1; child < entries.length; child = 2 * at + 1) {
      if (child + 1 < entries.length && precedes(entries[child + 1]!, entries[child]!)) child++
      if (!precedes(entries[child]!, last)) break
      entries[at] = entries[child]!
      at = child
    }
    entries[at] = last
  }

  clear(): void {
    this.#entries.length = 0
  }
}

export interface QueuedKey {
  readonly timeMs: number
  readonly key: Buffer
  /** The key as a map key; in its order bytes are in theirs. */
  readonly text: string
}

function precedes(a: QueuedKey, b: QueuedKey): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.text < b.text)
}
