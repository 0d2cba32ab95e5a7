import { boundsOf, textOf } from './bounds.ts'
import { StoreFeedbackError } from './errors.ts'
import { type LoggedRows, NO_RECORD, type RowWriter } from './logged-rows.ts'
import { mergeRows, type Row, type Write } from './merge-rows.ts'
import { mergeSorted, SortedMap } from './sorted-map.ts'
import type { CacheBudget, RecordContext, RowRange, StoreContext } from './store.ts'

// What a held-back update costs besides its bytes: Map slot, entry, context, string and Buffer objects.
const ENTRY_BYTES = 320

/** How often the updates that a flush causes in the same store are flushed in turn. */
const MAX_FLUSH_PASSES = 100

interface Dirty {
  readonly key: Buffer
  row: Buffer | null
  timestamp: number
  context: RecordContext
  /** Grows with each write of the store: the order in which entries are let go. */
  sequence: number
}

/** An update let go, as bytes. `oldRow`: null if there was none or it was not asked for. */
export interface FlushedRow {
  readonly key: Buffer
  readonly row: Buffer | null
  readonly oldRow: Buffer | null
  readonly timestamp: number
  readonly context: RecordContext
}

/**
 * Holds back the writes of one store so that several of a key become one row, one changelog record and one update forwarded: Java's record
 * cache, its dirty part. Reads see what is held back.
 *
 * Entries are let go by `flush`, or when the caches of the instance hold more than their budget: then this one lets go of all.
 * They go in the order in which they were last written.
 */
export class ForwardCache implements RowWriter {
  readonly #storeName: string
  readonly #rows: LoggedRows
  readonly #loggedOf: (row: Buffer) => Buffer
  readonly #currentRecord: StoreContext['currentRecord']
  readonly #budget: CacheBudget
  #dirty = new SortedMap<Dirty>()
  // Those being let go: still to be read, until all are among the rows.
  #leaving: SortedMap<Dirty> | undefined
  #heldBytes = 0
  #sequence = 0
  #listener: ((flushed: FlushedRow) => void) | undefined
  #sendOldValues = false
  #lastKey: Buffer | undefined
  #lastText = ''

  /** @param loggedOf - The changelog's bytes of a row. */
  constructor(
    storeName: string,
    rows: LoggedRows,
    loggedOf: (row: Buffer) => Buffer,
    context: StoreContext & { readonly cacheBudget: CacheBudget },
  ) {
    this.#storeName = storeName
    this.#rows = rows
    this.#loggedOf = loggedOf
    this.#currentRecord = context.currentRecord
    this.#budget = context.cacheBudget
  }

  setListener(listener: (flushed: FlushedRow) => void, sendOldValues: boolean): void {
    this.#listener = listener
    this.#sendOldValues = sendOldValues
  }

  get(key: Buffer): Buffer | undefined {
    const text = this.#textOf(key)
    const entry = this.#dirty.get(text) ?? this.#leaving?.get(text)
    return entry === undefined ? this.#rows.get(key) : (entry.row ?? undefined)
  }

  put(key: Buffer, row: Buffer | null, _logged: Buffer | null, timestamp: number): void {
    const text = this.#textOf(key)
    const context = copyOf(this.#currentRecord() ?? NO_RECORD)
    const sequence = this.#sequence++
    const entry = this.#dirty.get(text)
    if (entry === undefined) {
      this.#dirty.set(text, { key, row, timestamp, context, sequence })
      this.#hold(ENTRY_BYTES + key.length + (row?.length ?? 0))
    } else {
      this.#hold((row?.length ?? 0) - (entry.row?.length ?? 0))
      entry.row = row
      entry.timestamp = timestamp
      entry.context = context
      entry.sequence = sequence
    }
    if (this.#budget.usedBytes > this.#budget.limitBytes) this.flush()
  }

  range(range: RowRange): AsyncIterable<Row> {
    const bounds = boundsOf(range)
    const reverse = range.reverse ?? false
    const takeWrites = () => {
      const upper = this.#dirty.keysIn(bounds)
      const keys = this.#leaving === undefined ? upper : mergeSorted(upper, this.#leaving.keysIn(bounds))
      if (reverse) keys.reverse()
      return keys.map((key): Write => [key, (this.#dirty.get(key) ?? this.#leaving!.get(key)!).row])
    }
    return mergeRows(takeWrites, oneByOne(this.#rows.range(range)), reverse)
  }

  flush(): void {
    // Writes that the listener causes wait for the next pass.
    if (this.#leaving !== undefined) return
    try {
      for (let pass = 0; this.#dirty.size > 0; pass++) {
        if (pass === MAX_FLUSH_PASSES) throw new StoreFeedbackError(this.#storeName, MAX_FLUSH_PASSES)
        this.#leaving = this.#dirty
        this.discard()
        for (const entry of [...this.#leaving.values()].sort(bySequence)) this.#letGo(entry)
      }
    } finally {
      this.#leaving = undefined
    }
  }

  discard(): void {
    this.#hold(-this.#heldBytes)
    this.#dirty = new SortedMap()
  }

  #letGo({ key, row, timestamp, context }: Dirty): void {
    const listener = this.#listener
    const oldRow = listener !== undefined && (row === null || this.#sendOldValues) ? this.#rows.get(key) : undefined
    // As in Java: the delete of a key that came and went within the cache, or never was, is nobody's business.
    if (listener !== undefined && row === null && oldRow === undefined) return
    this.#rows.put(key, row, row === null ? null : this.#loggedOf(row), timestamp, context)
    listener?.({ key, row, oldRow: this.#sendOldValues ? (oldRow ?? null) : null, timestamp, context })
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes
    this.#budget.usedBytes += bytes
  }

  #textOf(key: Buffer): string {
    if (key !== this.#lastKey) {
      this.#lastText = textOf(key)
      this.#lastKey = key
    }
    return this.#lastText
  }
}

function bySequence(a: Dirty, b: Dirty): number {
  return a.sequence - b.sequence
}

// Only the context: the record itself would keep its key and value alive.
function copyOf({ timestamp, headers, topic, partition, offset }: RecordContext): RecordContext {
  return { timestamp, headers, topic, partition, offset }
}

async function* oneByOne(rows: AsyncIterable<Row>): AsyncGenerator<readonly Row[], void, undefined> {
  for await (const row of rows) yield [row]
}
