import { textOf } from '../bounds.ts'
import { StoreFeedbackError } from '../errors.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type { CacheBudget, RecordContext, StoreContext } from '../store.ts'

// What a deferred update costs besides its key: Map slot, entry, context, string and Buffer objects.
const ENTRY_BYTES = 320
/** How often the updates that a flush causes in the same store are flushed in turn. */
const MAX_FLUSH_PASSES = 100

/** A write whose consequences were held back. */
export interface DeferredUpdate {
  /** Of the entry, as in the changelog. */
  readonly key: Buffer
  /** The entry before the first write since the last flush; undefined: there was none. */
  readonly before: Buffer | undefined
  /** The entry after the last write; undefined: deleted. Kept here since it may expire while it waits, and still has to go. */
  after: Buffer | undefined
  /** Event time and record of the last write. */
  timestamp: number
  context: RecordContext
}

/**
 * Holds back what the writes of a store cause, so that several of an entry become one changelog record and one update forwarded: Java's record cache, its
 * dirty part. The entries themselves are written at once, so that reads need not look here.
 *
 * Updates are let go by `flush`, or when the caches of the instance hold more than their budget: then this one lets go of all. They go in the order in
 * which they were last written.
 */
export class DeferredUpdates {
  readonly #storeName: string
  readonly #budget: CacheBudget
  readonly #currentRecord: StoreContext['currentRecord']
  readonly #letGo: (update: DeferredUpdate) => void
  #updates = new Map<string, DeferredUpdate>()
  #heldBytes = 0
  #flushing = false

  constructor(
    storeName: string,
    context: Pick<StoreContext, 'currentRecord'> & { readonly cacheBudget: CacheBudget },
    letGo: (update: DeferredUpdate) => void,
  ) {
    this.#storeName = storeName
    this.#budget = context.cacheBudget
    this.#currentRecord = context.currentRecord
    this.#letGo = letGo
  }

  /** To be called for each write. `before` is asked for only at the first one of an entry. */
  add(key: Buffer, before: () => Buffer | undefined, after: Buffer | undefined, timestamp: number): void {
    const text = textOf(key)
    const { headers, topic, partition, offset, timestamp: recordTime } = this.#currentRecord() ?? NO_RECORD
    const context = { timestamp: recordTime, headers, topic, partition, offset }
    const update = this.#updates.get(text)
    if (update === undefined) {
      this.#updates.set(text, { key, before: before(), after, timestamp, context })
      this.#hold(ENTRY_BYTES + key.length + (after?.length ?? 0))
      return
    }
    this.#hold((after?.length ?? 0) - (update.after?.length ?? 0))
    update.after = after
    update.timestamp = timestamp
    update.context = context
    // Moves to the end: entries go in the order of their last writes.
    this.#updates.delete(text)
    this.#updates.set(text, update)
  }

  /** Whether the caches of the instance hold more than they may: to be asked after each write, and flushed if so. */
  get isFull(): boolean {
    return this.#budget.usedBytes > this.#budget.limitBytes
  }

  flush(): void {
    // Writes that letting go causes wait for the next pass.
    if (this.#flushing) return
    this.#flushing = true
    try {
      for (let pass = 0; this.#updates.size > 0; pass++) {
        if (pass === MAX_FLUSH_PASSES) throw new StoreFeedbackError(this.#storeName, MAX_FLUSH_PASSES)
        const leaving = this.#updates
        this.discard()
        for (const update of leaving.values()) this.#letGo(update)
      }
    } finally {
      this.#flushing = false
    }
  }

  discard(): void {
    this.#hold(-this.#heldBytes)
    this.#updates = new Map()
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes
    this.#budget.usedBytes += bytes
  }
}
