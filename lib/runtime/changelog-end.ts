// Flow: held-changelog → [changelog-end] → task-stores
//
// At least once nothing fences a process that was taken for dead: when it goes on, what it sends may lie in the changelog behind what its successor has sent, or between. The
// offset of its last record then says nothing about what its store holds; a restore from there would leave the successor's records out. Which of the two a process is it
// learns when it commits its offsets: those of the one that was taken for dead are refused. So a position is noted with the rows as long as nobody else has sent anything in
// between; else it stays, and goes on, past what the other has sent, only when the offsets are committed.

/** Up to where a store holds its changelog, from commit to commit. */
export class ChangelogEnd {
  /** As it stands in the database. */
  #noted = 0
  /** What the store is known to hold. */
  #held = 0
  /** Records sent since, that are not known to lie before it. */
  #beyond = 0
  /** Both, if the commit that is under way takes place. */
  #next = { held: 0, beyond: 0 }

  /** @param position - What the store holds when its task begins; undefined: nothing. */
  begin(position: number | undefined): void {
    this.#noted = position ?? 0
    this.#held = this.#noted
    this.#beyond = 0
    this.#next = { held: this.#held, beyond: 0 }
  }

  /** Whether a commit would note more than the last one did. */
  get isAhead(): boolean {
    return this.#held !== this.#noted
  }

  /**
   * Takes what a commit has sent: so many records, acknowledged up to the offset `last`: that of the last record, or of an earlier one if the brokers no longer know those behind it.
   * Undefined: they know none, or there were none.
   *
   * @returns Offsets that are somebody else's.
   */
  sent(records: number, last: number | undefined): number {
    this.#beyond += records
    const end = last === undefined ? this.#held : last + 1
    const others = end - this.#held - this.#beyond
    this.#next = { held: end, beyond: Math.max(0, -others) }
    if (others === 0) this.committed()
    return Math.max(0, others)
  }

  /** The position to note with the rows of this commit; undefined: it stays. */
  note(): number | undefined {
    if (!this.isAhead) return undefined
    this.#noted = this.#held
    return this.#held
  }

  /** The offsets of the commit are the group's. */
  committed(): void {
    this.#held = this.#next.held
    this.#beyond = this.#next.beyond
  }
}
