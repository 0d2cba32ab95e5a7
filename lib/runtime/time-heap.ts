/**
 * Members by their time, the lowest first. A binary heap that moves them as Java's priority queue does: which of several with the same time comes first is then the
 * same, too. Of two that is the one that was offered first; of more it need not be.
 */
export abstract class TimeHeap<T> {
  #members: T[] = []

  /** Must not change while the heap has the member. */
  protected abstract timeOf(member: T): number

  get first(): T | undefined {
    return this.#members[0]
  }

  offer(member: T): void {
    const members = this.#members
    const time = this.timeOf(member)
    let at = members.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (time >= this.timeOf(members[parent]!)) break
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
    const time = this.timeOf(last)
    const firstLeaf = members.length >> 1
    let at = 0
    while (at < firstLeaf) {
      let child = 2 * at + 1
      if (child + 1 < members.length && this.timeOf(members[child]!) > this.timeOf(members[child + 1]!)) child++
      if (time <= this.timeOf(members[child]!)) break
      members[at] = members[child]!
      at = child
    }
    members[at] = last
    return first
  }

  /** Removes a member wherever it is, in time linear in their number. */
  remove(member: T): void {
    const others = this.#members.filter((each) => each !== member)
    this.#members = []
    for (const other of others) this.offer(other)
  }

  clear(): void {
    this.#members = []
  }
}
