import { StoreFeedbackError } from '../errors.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type { CacheBudget, RecordContext, StoreContext } from '../store.ts'

// What a deferred update costs besides its key: slot, entry, context and Buffer objects.
const ENTRY_BYTES = 320
/** How often the updates that a flush causes in the same store are flushed in turn. */
const MAX_FLUSH_PASSES = 100

const LEAST_BUCKETS = 64
// FNV-1a, a hash that is fast for a few bytes.
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const GOLDEN = 0x9e3779b1

/** A write whose consequences were held back. */
export interface DeferredUpdate {
  /** Serialized. */
  readonly key: Buffer
  /** The start of the window, or the end of the session. */
  readonly timeMs: number
  /** The start of the session, the sequence number of a duplicate, or else 0. */
  readonly second: number
  /** The entry before the first write since the last flush; undefined: there was none. */
  readonly before: Buffer | undefined
  /** The value of the last write; undefined: deleted. Kept here since the entry may expire while it waits, and still has to go. */
  after: Buffer | undefined
  /** Event time and record of the last write. */
  timestamp: number
  context: RecordContext
  readonly hash: number
  /** Another one of the same bucket. */
  sibling: DeferredUpdate | undefined
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
  /** By key, time and second number: a hash table, a power of two of buckets. */
  #buckets: (DeferredUpdate | undefined)[] = emptyBuckets(LEAST_BUCKETS)
  #count = 0
  // All of them, in the order of their last writes.
  #first: DeferredUpdate | undefined
  #last: DeferredUpdate | undefined
  // A record is in several windows of its key: what depends on the record alone is made once.
  #lastKey: Buffer | undefined
  #lastKeyHash = 0
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
    const hash = this.#hash(key, timeMs, second)
    let update = this.#buckets[hash & (this.#buckets.length - 1)]
    while (update !== undefined && !(update.hash === hash && isOf(update, key, timeMs, second))) update = update.sibling
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
    if (this.#count === this.#buckets.length) this.#grow()
    this.#count++
    const hash = this.#hash(key, timeMs, second)
    const bucket = hash & (this.#buckets.length - 1)
    const update: DeferredUpdate = {
      key,
      timeMs,
      second,
      before,
      after,
      timestamp,
      context: this.#context(),
      hash,
      sibling: this.#buckets[bucket],
      previous: undefined,
      next: undefined,
    }
    this.#buckets[bucket] = update
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
    this.#buckets = emptyBuckets(LEAST_BUCKETS)
    this.#count = 0
    this.#first = undefined
    this.#last = undefined
  }

  // ---- inside

  #hash(key: Buffer, timeMs: number, second: number): number {
    if (key !== this.#lastKey) {
      let hash = FNV_OFFSET
      for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, FNV_PRIME)
      this.#lastKey = key
      this.#lastKeyHash = hash
    }
    // Times are multiples of the same numbers: their high bits are brought down.
    const hash = Math.imul(this.#lastKeyHash ^ Math.imul(timeMs, GOLDEN) ^ second, FNV_PRIME)
    return hash ^ (hash >>> 15)
  }

  #grow(): void {
    const buckets = emptyBuckets(2 * this.#buckets.length)
    for (let update = this.#first; update !== undefined; update = update.next) {
      const bucket = update.hash & (buckets.length - 1)
      update.sibling = buckets[bucket]
      buckets[bucket] = update
    }
    this.#buckets = buckets
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

function emptyBuckets(count: number): (DeferredUpdate | undefined)[] {
  return new Array<undefined>(count).fill(undefined)
}

function isOf(update: DeferredUpdate, key: Buffer, timeMs: number, second: number): boolean {
  return update.timeMs === timeMs && update.second === second && (update.key === key || update.key.equals(key))
}
