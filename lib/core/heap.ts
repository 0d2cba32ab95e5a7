/**
 * Members in an order, the first at hand. A binary heap that moves them as Java's priority queue does: which of several that are equal comes first is then the same,
 * too. Of two that is the one that was offered first; of more it need not be.
 *
 * @example
 * class Earliest extends Heap<Event> {
 *   protected override isBefore(event: Event, other: Event): boolean {
 *     return event.atMs < other.atMs
 *   }
 * }
 */
export abstract class Heap<T> {
  #members: T[] = []

  /** Must not change while the heap has the two. */
  protected abstract isBefore(member: T, other: T): boolean

  get size(): number {
    return this.#members.length
  }

  get first(): T | undefined {
    return this.#members[0]
  }

  offer(member: T): void {
    const members = this.#members
    let at = members.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.isBefore(member, members[parent]!)) break
      members[at] = members[parent]!
      at = parent
    }
    members[at] = member
  }

  /** Removes the first. */
  poll(): T | undefined {
    const members = this.#members
    const first = members[0]
    const last = members.pop()
    if (last === undefined || members.length === 0) return first
    const firstLeaf = members.length >> 1
    let at = 0
    while (at < firstLeaf) {
      let child = 2 * at + 1
      if (child + 1 < members.length && this.isBefore(members[child + 1]!, members[child]!)) child++
      if (!this.isBefore(members[child]!, last)) break
      members[at] = members[child]!
      at = child
    }
    members[at] = last
    return first
  }

  /** Removes all others, wherever they are. */
  keep(isKept: (member: T) => boolean): void {
    const kept = this.#members.filter(isKept)
    this.#members = []
    for (const member of kept) this.offer(member)
  }

  clear(): void {
    this.#members = []
  }
}
