import { textOf } from '../bounds.ts'
import { StoreFeedbackError } from '../errors.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type { CacheBudget, RecordContext, StoreContext } from '../store.ts'

// What a deferred update costs besides its key: Map slots, entry, context, string and Buffer objects.
const ENTRY_BYTES = 320
/** How often the updates that a flush causes in the same store are flushed in turn. */
const MAX_FLUSH_PASSES = 100

/** A write whose consequences were held back. */
export interface DeferredUpdate {
  /** Serialized. */
  readonly key: Buffer
  /** The start of the window, or the end of the session. */
  readonly timeMs: number
  /** The start of the session; 0 of a window. */
  readonly second: number
  /** The entry before the first write since the last flush; undefined: there was none. */
  readonly before: Buffer | undefined
  /** The value of the last write; undefined: deleted. Kept here since the entry may expire while it waits, and still has to go. */
  after: Buffer | undefined
  /** Event time and record of the last write. */
  timestamp: number
  context: RecordContext
  /** Of the same key and time: a session with another start. */
  readonly sibling: DeferredUpdate | undefined
  // Neighbours in the order of the last writes.
  previous: DeferredUpdate | undefined
  next: DeferredUpdate | undefined
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
  /** By key, then time. */
  #updates = new Map<string, Map<number, DeferredUpdate>>()
  // All of them, in the order of their last writes.
  #first: DeferredUpdate | undefined
  #last: DeferredUpdate | undefined
  // A record is in several windows of its key: what depends on the record alone is made once.
  #lastKey: Buffer | undefined
  #lastOfKey: Map<number, DeferredUpdate> | undefined
  #lastRecord: RecordContext | undefined
  #lastContext: RecordContext = NO_RECORD
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

  /** Takes a write of an entry that waits already; false: it does not. */
  renew(key: Buffer, timeMs: number, second: number, after: Buffer | undefined, timestamp: number): boolean {
    let update = this.#ofKey(key).get(timeMs)
    while (update !== undefined && update.second !== second) update = update.sibling
    if (update === undefined) return false
    this.#hold((after?.length ?? 0) - (update.after?.length ?? 0))
    update.after = after
    update.timestamp = timestamp
    update.context = this.#context()
    if (update !== this.#last) {
      this.#unlink(update)
      this.#append(update)
    }
    return true
  }

  /** Takes the first write of an entry since the last flush. `before`: the entry before it. */
  add(
    key: Buffer,
    timeMs: number,
    second: number,
    before: Buffer | undefined,
    after: Buffer | undefined,
    timestamp: number,
  ): void {
    const ofKey = this.#ofKey(key)
    const update: DeferredUpdate = {
      key,
      timeMs,
      second,
      before,
      after,
      timestamp,
      context: this.#context(),
      sibling: ofKey.get(timeMs),
      previous: undefined,
      next: undefined,
    }
    ofKey.set(timeMs, update)
    this.#append(update)
    this.#hold(ENTRY_BYTES + key.length + (after?.length ?? 0))
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
      for (let pass = 0; this.#first !== undefined; pass++) {
        if (pass === MAX_FLUSH_PASSES) throw new StoreFeedbackError(this.#storeName, MAX_FLUSH_PASSES)
        let leaving: DeferredUpdate | undefined = this.#first
        this.discard()
        for (; leaving !== undefined; leaving = leaving.next) this.#letGo(leaving)
      }
    } finally {
      this.#flushing = false
    }
  }

  discard(): void {
    this.#hold(-this.#heldBytes)
    this.#updates = new Map()
    this.#first = undefined
    this.#last = undefined
    this.#lastKey = undefined
    this.#lastOfKey = undefined
  }

  // ---- inside

  #ofKey(key: Buffer): Map<number, DeferredUpdate> {
    if (key === this.#lastKey) return this.#lastOfKey!
    const text = textOf(key)
    let ofKey = this.#updates.get(text)
    if (ofKey === undefined) {
      ofKey = new Map()
      this.#updates.set(text, ofKey)
    }
    this.#lastKey = key
    this.#lastOfKey = ofKey
    return ofKey
  }

  // A copy, as a record holds its key and value too.
  #context(): RecordContext {
    const record = this.#currentRecord() ?? NO_RECORD
    if (record === this.#lastRecord) return this.#lastContext
    const { timestamp, headers, topic, partition, offset } = record
    this.#lastRecord = record
    this.#lastContext = { timestamp, headers, topic, partition, offset }
    return this.#lastContext
  }

  #append(update: DeferredUpdate): void {
    update.previous = this.#last
    update.next = undefined
    if (this.#last === undefined) this.#first = update
    else this.#last.next = update
    this.#last = update
  }

  // Never the last one.
  #unlink({ previous, next }: DeferredUpdate): void {
    next!.previous = previous
    if (previous === undefined) this.#first = next
    else previous.next = next
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes
    this.#budget.usedBytes += bytes
  }
}
