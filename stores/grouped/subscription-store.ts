import type { ConsumedRecord } from '../../lib/core/record.ts'
import type { StateStore, StoreBuilder, StoreContext, ValueAndTimestamp } from '../store.ts'
import { encodeTimestamped, plainValue, timestampOf } from '../value-and-timestamp.ts'
import { GroupRows } from './group-rows.ts'

const LENGTH_BYTES = 4

/** What one row of a table asks of the row that its foreign key names, as bytes. */
export type SubscriptionEntry = ValueAndTimestamp<Buffer>

/**
 * The subscriptions of a foreign-key join: by foreign key, and for each by primary key. All of one foreign key are read together, synchronously.
 *
 * The changelog has Java's keys: length of the foreign key (4 bytes, big-endian) ‖ foreign key ‖ primary key. Its records carry the headers of the record in process.
 */
export class SubscriptionStore implements StateStore {
  readonly name: string
  readonly #context: StoreContext
  readonly #rows: GroupRows

  constructor(name: string, context: StoreContext) {
    this.name = name
    this.#context = context
    this.#rows = new GroupRows(context.rows)
  }

  put(foreignKey: Buffer, primaryKey: Buffer, subscription: Buffer, timestamp: number): void {
    const group = groupOf(foreignKey)
    this.#rows.put(group, primaryKey, encodeTimestamped(timestamp, subscription))
    this.#log(group, primaryKey, subscription, timestamp)
  }

  delete(foreignKey: Buffer, primaryKey: Buffer, timestamp: number): void {
    const group = groupOf(foreignKey)
    this.#rows.put(group, primaryKey, null)
    this.#log(group, primaryKey, null, timestamp)
  }

  /** The subscriptions to a foreign key, by the bytes of their primary keys; read as it goes. Nothing may be written for this key before the last. */
  *subscribers(foreignKey: Buffer): Generator<readonly [primaryKey: Buffer, subscription: Buffer], void, undefined> {
    for (const [primaryKey, row] of this.#rows.entries(groupOf(foreignKey))) yield [primaryKey, plainValue(row)]
  }

  /** All subscriptions, under the keys of the changelog. */
  async *all(): AsyncGenerator<readonly [key: Buffer, entry: SubscriptionEntry], void, undefined> {
    for await (const [name, entries] of this.#rows.groups({})) {
      for (const [primaryKey, row] of entries) {
        yield [Buffer.concat([name, primaryKey]), { value: plainValue(row), timestamp: timestampOf(row) }]
      }
    }
  }

  flush(): void {}

  restore({ key, value, timestamp }: ConsumedRecord): void {
    if (key === null) return
    const end = LENGTH_BYTES + key.readUInt32BE(0)
    // Copied: the bytes are a view of a whole batch of records.
    const row = value === null ? null : encodeTimestamped(timestamp, value)
    this.#rows.put(groupOf(key.subarray(LENGTH_BYTES, end)), Buffer.from(key.subarray(end)), row)
  }

  #log(group: Buffer, primaryKey: Buffer, subscription: Buffer | null, timestamp: number): void {
    const headers = this.#context.currentRecord()?.headers ?? []
    this.#context.log(Buffer.concat([group, primaryKey]), subscription, timestamp, headers)
  }
}

/** Declares the store of a foreign-key join. */
export function subscriptionStore(name: string): StoreBuilder<SubscriptionStore> {
  return {
    name,
    kind: 'timestamped-key-value',
    logging: true,
    caching: false,
    persistent: true,
    changelogConfigs: {},
    build: (context) => new SubscriptionStore(name, context),
  }
}

function groupOf(foreignKey: Buffer): Buffer {
  const group = Buffer.allocUnsafe(LENGTH_BYTES + foreignKey.length)
  group.writeUInt32BE(foreignKey.length, 0)
  group.set(foreignKey, LENGTH_BYTES)
  return group
}
