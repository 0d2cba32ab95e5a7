import { InvalidStoreArgumentError } from './errors.ts'
import type { FlushListener, TimestampedKeyValueStore, ValueAndTimestamp } from './store.ts'
import { TypedStore } from './typed-store.ts'
import { encodeTimestamped, plainValue, timestampOf } from './value-and-timestamp.ts'

/**
 * A store whose row has the event time before the value's bytes. Its changelog records have the plain value and that time; a tombstone has
 * the event time of the record that was in process.
 */
export class TimestampedStore<K, V>
  extends TypedStore<K, V, ValueAndTimestamp<V>>
  implements TimestampedKeyValueStore<K, V>
{
  put(key: K, entry: ValueAndTimestamp<V> | null): void {
    if (entry === null || entry?.value === null) {
      this.writer.put(this.keyBytes(key), null, null, this.recordTimestamp)
      return
    }
    if (entry?.value === undefined) throw this.undefinedPut()
    const { value, timestamp } = entry
    if (!Number.isSafeInteger(timestamp)) {
      throw new InvalidStoreArgumentError(this.name, `the timestamp ${timestamp} is not in whole milliseconds`)
    }
    const bytes = this.serializeValue(value)
    this.writer.put(this.keyBytes(key), encodeTimestamped(timestamp, bytes), bytes, timestamp)
  }

  setFlushListener(listener: FlushListener<K, V>, { sendOldValues }: { readonly sendOldValues: boolean }): boolean {
    this.cache?.setListener(({ key, row, oldRow, timestamp, context }) => {
      const newValue = row === null ? null : this.deserializeValue(plainValue(row))
      const oldValue = oldRow === null ? null : this.deserializeValue(plainValue(oldRow))
      listener({ key: this.keyOf(key), newValue, oldValue, timestamp, context })
    }, sendOldValues)
    return this.cache !== undefined
  }

  protected valueBytes(row: Buffer): Buffer {
    return plainValue(row)
  }

  protected entryOf(row: Buffer): ValueAndTimestamp<V> {
    return { value: this.deserializeValue(plainValue(row)), timestamp: timestampOf(row) }
  }

  protected restoredRow(value: Buffer, timestamp: number): Buffer {
    return encodeTimestamped(timestamp, value)
  }
}
