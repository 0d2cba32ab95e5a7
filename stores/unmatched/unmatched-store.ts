import { type ConsumedRecord, NO_HEADERS } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import { NO_RECORD } from '../logged-rows.ts'
import type { RowRange, StateStore, StoreBuilder, StoreContext } from '../store.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { appendValue, decodeRowKey, encodeRowKey, rowKeyFrom, type Side, valuesOf } from './row-bytes.ts'

/** The records of one side, key and time that have found no match yet. */
export interface UnmatchedEntry {
  readonly timestamp: number
  readonly side: Side
  readonly row: Buffer
  readonly list: Buffer
}

/** What an entry holds. */
export interface UnmatchedContent<K> {
  readonly key: K
  /** In the order in which they came. */
  readonly values: readonly unknown[]
}

/** What an unmatched store is made of. */
export interface UnmatchedStoreOptions<K, L, R> {
  readonly key: Serde<K>
  readonly left: Serde<L>
  readonly right: Serde<R>
  readonly logging?: boolean
  readonly persistent?: boolean
  readonly changelogConfigs?: Readonly<Record<string, string>>
}

/** Declares an unmatched store. It has no cache: most of what comes goes again, and nothing is forwarded from it. */
export function unmatchedStore<K, L, R>(
  name: string,
  options: UnmatchedStoreOptions<K, L, R>,
): StoreBuilder<UnmatchedStore<K, L, R>> {
  const { logging = true, persistent = true, changelogConfigs = {} } = options
  return {
    name,
    kind: 'buffer',
    logging,
    caching: false,
    persistent,
    serdes: [options.key, options.left, options.right],
    changelogConfigs,
    build: (context) => new UnmatchedStore(name, options, context),
  }
}

/**
 * Records of both sides of a left or outer join that wait: for a match, or for the end of the time in which one may come. In the order of time; of equal
 * times those of the right side first, then by key.
 *
 * Rows are as in the changelog, see row-bytes.ts.
 */
export class UnmatchedStore<K, L, R> implements StateStore {
  readonly name: string
  readonly #context: StoreContext
  readonly #serdes: { readonly left: StoreSerdes<K, L>; readonly right: StoreSerdes<K, R> }
  // Spares looks at what is not there, and at rows that were deleted long ago.
  #oldestMs = 0

  constructor(name: string, { key, left, right }: UnmatchedStoreOptions<K, L, R>, context: StoreContext) {
    this.name = name
    this.#context = context
    this.#serdes = {
      left: new StoreSerdes(name, context.changelogTopic, { key, value: left }),
      right: new StoreSerdes(name, context.changelogTopic, { key, value: right }),
    }
  }

  /** A time before which there is no entry; infinite if the store is empty. */
  get oldestMs(): number {
    return this.#oldestMs
  }

  /** Adds to what there is of this side, key and time. */
  put(side: 'left', key: K, value: L, timestamp: number): void
  put(side: 'right', key: K, value: R, timestamp: number): void
  put(side: Side, key: K, value: L | R, timestamp: number): void
  put(side: Side, key: K, value: L | R, timestamp: number): void {
    const serdes = this.#serdes[side] as StoreSerdes<K, L | R>
    const row = encodeRowKey({ timestamp, side, key: serdes.keyBytes(key) })
    const list = appendValue(this.#context.rows.get(row), side, serdes.valueBytes(value))
    this.#write(row, list)
    this.#oldestMs = Math.min(this.#oldestMs, timestamp)
  }

  /** Removes what there is of this side, key and time. */
  remove(side: Side, key: K, timestamp: number): void {
    if (timestamp < this.#oldestMs) return
    const row = encodeRowKey({ timestamp, side, key: this.#serdes[side].keyBytes(key) })
    if (this.#context.rows.get(row) !== undefined) this.#write(row, null)
  }

  removeEntry({ row }: UnmatchedEntry): void {
    this.#write(row, null)
  }

  /** All entries in order. One that has been looked at may be removed; none may be added until the end. */
  async *entries(): AsyncGenerator<UnmatchedEntry, void, undefined> {
    for await (const [row, list] of this.#context.rows.range({ from: rowKeyFrom(this.#firstMs) })) {
      const { timestamp, side } = decodeRowKey(row)
      yield { timestamp, side, row, list }
    }
  }

  async read({ side, row, list }: UnmatchedEntry): Promise<UnmatchedContent<K>> {
    const serdes = this.#serdes[side]
    const { key } = decodeRowKey(row)
    const values: unknown[] = []
    for (const value of valuesOf(list)) {
      await serdes.prepare(key, value)
      values.push(serdes.valueOf(value))
    }
    return { key: serdes.keyOf(key), values }
  }

  /** Says that there is no entry before this time; infinite: none at all. */
  nothingBefore(timeMs: number): void {
    this.#oldestMs = timeMs
  }

  /** The time of the last entry; undefined if there is none. */
  async newestMs(): Promise<number | undefined> {
    return this.#firstTime({ reverse: true })
  }

  /** Every waiting record for itself, in Java's words. */
  async *all(): AsyncGenerator<readonly [UnmatchedKey<K>, UnmatchedValue<L, R>], void, undefined> {
    for await (const entry of this.entries()) {
      const { key, values } = await this.read(entry)
      const { timestamp } = entry
      const leftSide = entry.side === 'left'
      for (const value of values) {
        yield [
          { key, timestamp, leftSide },
          leftSide ? { left: value as L, right: null } : { left: null, right: value as R },
        ]
      }
    }
  }

  // ---- for the task

  async open(): Promise<void> {
    this.#oldestMs = (await this.#firstTime({})) ?? Number.POSITIVE_INFINITY
  }

  flush(): void {}

  restore({ key, value }: ConsumedRecord): void {
    if (key !== null) this.#context.rows.load(key, value)
  }

  // ---- inside

  async #firstTime(range: RowRange): Promise<number | undefined> {
    for await (const [row] of this.#context.rows.range(range)) return decodeRowKey(row).timestamp
    return undefined
  }

  get #firstMs(): number {
    return Number.isFinite(this.#oldestMs) ? this.#oldestMs : Number.MAX_SAFE_INTEGER
  }

  // As in Java without headers, other than the windows beside it.
  #write(row: Buffer, list: Buffer | null): void {
    this.#context.rows.put(row, list)
    this.#context.log(row, list, (this.#context.currentRecord() ?? NO_RECORD).timestamp, NO_HEADERS)
  }
}

export interface UnmatchedKey<K> {
  readonly key: K
  readonly timestamp: number
  readonly leftSide: boolean
}

/** The value of a waiting record, on its side. */
export interface UnmatchedValue<L, R> {
  readonly left: L | null
  readonly right: R | null
}
