import { type ConsumedRecord, type Header, type Headers, NO_HEADERS } from '../../lib/core/record.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import { ChangelogFormatError } from '../errors.ts'
import type { RecordContext, StateStore, StoreBuilder, StoreContext } from '../store.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { type BufferValue, bufferedBytes, bufferTimeOf, decodeBufferValue, encodeBufferValue } from './buffer-value.ts'
import { TimeQueue } from './time-queue.ts'

/** What a change buffer is made of. */
export interface ChangeBufferOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly logging?: boolean
  readonly changelogConfigs?: Readonly<Record<string, string>>
}

/** An update that waits in a change buffer. */
export interface BufferedChange<K, V> {
  readonly key: K
  readonly newValue: V | null
  /** The value that `newValue` replaced in the table; null also if there was none. */
  readonly oldValue: V | null
  /** The record that made the update. */
  readonly context: RecordContext
}

/** Declares a change buffer. */
export function changeBuffer<K, V>(name: string, options: ChangeBufferOptions<K, V>): StoreBuilder<ChangeBuffer<K, V>> {
  const { logging = true, changelogConfigs = {} } = options
  return {
    name,
    kind: 'buffer',
    logging,
    caching: false,
    persistent: true,
    serdes: [options.key, options.value],
    changelogConfigs,
    build: (context) => new ChangeBuffer(name, options, context),
  }
}

const VERSION = 'v'
const VERSION_3 = 3
/** Of a changelog record, as in Java. */
const CHANGELOG_HEADERS: Headers = [[VERSION, Buffer.from([VERSION_3])]]

/**
 * Updates of a table that wait: one of each key, in the order of their buffer times, then of key bytes. A later update of a key takes the place of the one
 * before, also in the order.
 *
 * Rows are as in the changelog, see buffer-value.ts. In memory there is only the order. The changelog gets the keys that were touched with `flush`, so what comes
 * and goes between two commits costs it one deletion.
 */
export class ChangeBuffer<K, V> implements StateStore {
  readonly name: string
  readonly #context: StoreContext
  readonly #serdes: StoreSerdes<K, V>
  readonly #queue = new TimeQueue()
  /** By key, see `bufferedBytes`. */
  readonly #sizes = new Map<string, number>()
  readonly #dirty = new Map<string, Buffer>()
  #bytes = 0
  #openedTimeMs = -1

  constructor(name: string, options: ChangeBufferOptions<K, V>, context: StoreContext) {
    this.name = name
    this.#context = context
    this.#serdes = new StoreSerdes(name, context.changelogTopic, options)
  }

  /** How many keys wait. */
  get count(): number {
    return this.#queue.size
  }

  /** How many bytes they take up, as Java reckons them. */
  get bytes(): number {
    return this.#bytes
  }

  /** The buffer time of the first update; infinite if none waits. */
  get firstTimeMs(): number {
    return this.#queue.first?.timeMs ?? Number.POSITIVE_INFINITY
  }

  /** See StateStore. What waited when the buffer was opened tells it, whoever put it there. */
  get restoredTimeMs(): number {
    return this.#openedTimeMs
  }

  /** The update that is due first. */
  first(): BufferedChange<K, V> | undefined {
    const first = this.#queue.first
    if (first === undefined) return undefined
    const { context, old, new: newValue } = decodeBufferValue(this.#row(first.key)!)
    return { key: this.#serdes.keyOf(first.key), newValue: this.#value(newValue), oldValue: this.#value(old), context }
  }

  removeFirst(): void {
    const { key, text } = this.#queue.first!
    this.#queue.removeFirst()
    this.#bytes -= this.#sizes.get(text)!
    this.#sizes.delete(text)
    this.#context.rows.put(key, null)
    this.#touch(text, key)
  }

  /** @param bufferTimeMs - The place of the key in the order, unless it waits already. */
  put(bufferTimeMs: number, { key, newValue, oldValue, context }: BufferedChange<K, V>): void {
    const keyBytes = this.#serdes.keyBytes(key)
    const row = this.#row(keyBytes)
    const waiting = row === undefined ? undefined : decodeBufferValue(row)
    const old = this.#bytesOf(oldValue)
    const buffered: BufferValue = {
      context,
      prior: waiting === undefined ? old : waiting.prior,
      old,
      new: this.#bytesOf(newValue),
      bufferTimeMs: waiting === undefined ? bufferTimeMs : waiting.bufferTimeMs,
    }
    this.#context.rows.put(keyBytes, encodeBufferValue(buffered))
    const text = keyBytes.toString('latin1')
    if (waiting === undefined) this.#queue.add(bufferTimeMs, keyBytes)
    this.#resize(text, bufferedBytes(keyBytes, buffered))
    this.#touch(text, keyBytes)
  }

  /** The value that those downstream know of a key that waits, null for none; undefined if the key does not wait. */
  prior(key: K): V | null | undefined {
    const row = this.#row(this.#serdes.keyBytes(key))
    return row === undefined ? undefined : this.#value(decodeBufferValue(row).prior)
  }

  // ---- for the task

  async open(): Promise<void> {
    this.#queue.clear()
    this.#sizes.clear()
    this.#bytes = 0
    this.#openedTimeMs = -1
    for await (const [key, row] of this.#context.rows.range({})) {
      const buffered = decodeBufferValue(row)
      for (const value of [buffered.prior, buffered.old, buffered.new]) {
        if (value !== null) await this.#serdes.prepare(key, value)
      }
      this.#queue.add(buffered.bufferTimeMs, key)
      this.#openedTimeMs = Math.max(this.#openedTimeMs, buffered.context.timestamp)
      this.#resize(key.toString('latin1'), bufferedBytes(key, buffered))
    }
  }

  flush(): void {
    for (const key of this.#dirty.values()) {
      const row = this.#row(key)
      // Java leaves the time to its producer. Nothing is ever read from it.
      const timestamp = row === undefined ? this.#deletionTimeMs : bufferTimeOf(row)
      this.#context.log(key, row ?? null, timestamp, row === undefined ? NO_HEADERS : CHANGELOG_HEADERS)
    }
    this.#dirty.clear()
  }

  restore({ key, value, headers }: ConsumedRecord): void {
    if (key === null) return
    if (value !== null && !isVersion3(headers)) throw new ChangelogFormatError(this.name, this.#context.changelogTopic)
    this.#context.rows.load(key, value)
  }

  // ---- inside

  get #deletionTimeMs(): number {
    return Math.max(0, this.#context.currentRecord()?.timestamp ?? 0)
  }

  #row(keyBytes: Buffer): Buffer | undefined {
    return this.#context.rows.get(keyBytes)
  }

  #touch(text: string, key: Buffer): void {
    if (!this.#dirty.has(text)) this.#dirty.set(text, key)
  }

  #resize(text: string, size: number): void {
    this.#bytes += size - (this.#sizes.get(text) ?? 0)
    this.#sizes.set(text, size)
  }

  #bytesOf(value: V | null): Buffer | null {
    return value === null ? null : this.#serdes.valueBytes(value)
  }

  #value(bytes: Buffer | null): V | null {
    return bytes === null ? null : this.#serdes.valueOf(bytes)
  }
}

// The formats before were those of Kafka Streams up to 2.3.
function isVersion3(headers: Headers): boolean {
  const version: Header | undefined = headers.findLast(([name]) => name === VERSION)
  return version?.[1]?.length === 1 && version[1][0] === VERSION_3
}
