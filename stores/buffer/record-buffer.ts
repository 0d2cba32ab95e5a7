import { type ConsumedRecord, NO_HEADERS } from '../../lib/core/record.ts'
import { readInt64, writeInt64 } from '../../lib/serde/int64.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { RecordContext, StateStore, StoreBuilder, StoreContext } from '../store.ts'
import { StoreSerdes } from '../store-serdes.ts'
import { StoreTime } from '../store-time.ts'
import { decodeBufferValue, encodeBufferValue } from './buffer-value.ts'
import { TimeQueue } from './time-queue.ts'

/** What a record buffer is made of. */
export interface RecordBufferOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** A record that waits in a record buffer. */
export interface BufferedRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Its time, headers, and where it came from. */
  readonly context: RecordContext
}

/** Declares a record buffer. */
export function recordBuffer<K, V>(name: string, options: RecordBufferOptions<K, V>): StoreBuilder<RecordBuffer<K, V>> {
  return {
    name,
    kind: 'buffer',
    logging: true,
    caching: false,
    persistent: true,
    serdes: [options.key, options.value],
    changelogConfigs: {},
    build: (context) => new RecordBuffer(name, options, context),
  }
}

// The key of a row, and of its changelog record; Java's TimeFirstWindowKeySchema: prefix ‖ timestamp (8) ‖ key ‖ sequence number (4).
const PREFIX = 0
const TIME_AT = 1
const KEY_AT = 9
const SEQUENCE_BYTES = 4
const MAX_SEQUENCE = 0x7fffffff
/** The row of the sequence number, behind all others. */
const COUNTER_ROW = Buffer.from([0xff])

/**
 * Records of a stream that wait, each for itself, in the order of their times, then of key bytes, then as they came.
 *
 * Rows are as in the changelog. In memory there is only the order.
 */
export class RecordBuffer<K, V> implements StateStore {
  readonly name: string
  readonly #context: StoreContext
  readonly #serdes: StoreSerdes<K, V>
  readonly #queue = new TimeQueue()
  readonly #counter: StoreTime

  constructor(name: string, options: RecordBufferOptions<K, V>, context: StoreContext) {
    this.name = name
    this.#context = context
    this.#serdes = new StoreSerdes(name, context.changelogTopic, options)
    this.#counter = new StoreTime(context.rows, COUNTER_ROW)
  }

  /** The time of the first record; infinite if none waits. */
  get firstTimeMs(): number {
    return this.#queue.first?.timeMs ?? Number.POSITIVE_INFINITY
  }

  /** See StateStore. */
  get restoredTimeMs(): number {
    return this.#counter.restoredMs
  }

  first(): BufferedRecord<K, V> | undefined {
    const row = this.#queue.first?.key
    if (row === undefined) return undefined
    const { context, new: value } = decodeBufferValue(this.#context.rows.get(row)!)
    return { key: this.#serdes.keyOf(keyBytesOf(row)), value: this.#serdes.valueOf(value!), context }
  }

  removeFirst(): void {
    const { key: row, timeMs } = this.#queue.first!
    this.#queue.removeFirst()
    this.#write(row, null, timeMs)
  }

  put({ key, value, context }: BufferedRecord<K, V>): void {
    const sequence = (this.#counter.counter + 1) & MAX_SEQUENCE
    this.#counter.counter = sequence
    const row = rowOf(context.timestamp, this.#serdes.keyBytes(key), sequence)
    const newValue = this.#serdes.valueBytes(value)
    this.#write(
      row,
      encodeBufferValue({ context, prior: null, old: null, new: newValue, bufferTimeMs: 0 }),
      context.timestamp,
    )
    this.#queue.add(context.timestamp, row)
  }

  // ---- for the task

  async open(): Promise<void> {
    this.#queue.clear()
    this.#counter.reload()
    for await (const [row, bytes] of this.#context.rows.range({})) {
      if (row.equals(COUNTER_ROW)) continue
      await this.#serdes.prepare(keyBytesOf(row), decodeBufferValue(bytes).new!)
      this.#queue.add(readInt64(row, TIME_AT), row)
    }
  }

  flush(): void {
    this.#counter.flush()
  }

  discard(): void {
    this.#counter.forget()
  }

  restore({ key, value }: ConsumedRecord): void {
    if (key === null) return
    this.#context.rows.load(key, value)
    if (value === null) return
    this.#counter.restored(readInt64(key, TIME_AT))
    this.#counter.counter = key.readInt32BE(key.length - SEQUENCE_BYTES)
  }

  // ---- inside

  // Java leaves the time of a changelog record to its producer. Nothing is ever read from it.
  #write(row: Buffer, bytes: Buffer | null, timestamp: number): void {
    this.#context.rows.put(row, bytes)
    this.#context.log(row, bytes, timestamp, NO_HEADERS)
  }
}

function rowOf(timestamp: number, keyBytes: Buffer, sequence: number): Buffer {
  const row = Buffer.allocUnsafe(KEY_AT + keyBytes.length + SEQUENCE_BYTES)
  row[0] = PREFIX
  writeInt64(row, timestamp, TIME_AT)
  row.set(keyBytes, KEY_AT)
  row.writeInt32BE(sequence, row.length - SEQUENCE_BYTES)
  return row
}

function keyBytesOf(row: Buffer): Buffer {
  return row.subarray(KEY_AT, row.length - SEQUENCE_BYTES)
}
