import { InvalidStoreArgumentError } from '../errors.ts'
import type { ValueAndTimestamp } from '../store.ts'
import { encodeTimestamped, plainValue, timestampOf } from '../value-and-timestamp.ts'
import { WindowEntriesStore } from './window-entries-store.ts'

/** A window store whose entries are the values' bytes. Its changelog records have the event time of the record that was in process. */
export class PlainWindowStore<K, V> extends WindowEntriesStore<K, V, V> {
  protected encode(value: V): Buffer {
    return this.serdes.valueBytes(value)
  }

  protected timestampOf(): number {
    return this.recordTimestamp
  }

  protected decode(bytes: Buffer): V {
    return this.serdes.valueOf(bytes)
  }

  protected valueBytes(bytes: Buffer): Buffer {
    return bytes
  }

  protected restored(value: Buffer): Buffer {
    return value
  }
}

/** A window store whose entries have the event time before the value's bytes. Its changelog records have the plain value and that time. */
export class TimestampedWindows<K, V> extends WindowEntriesStore<K, V, ValueAndTimestamp<V>> {
  protected encode({ value, timestamp }: ValueAndTimestamp<V>): Buffer | undefined {
    if (value === null) return undefined
    if (value === undefined) throw this.undefinedPut()
    if (!Number.isSafeInteger(timestamp)) {
      throw new InvalidStoreArgumentError(this.name, `the timestamp ${timestamp} is not in whole milliseconds`)
    }
    return encodeTimestamped(timestamp, this.serdes.valueBytes(value))
  }

  protected timestampOf(bytes: Buffer): number {
    return timestampOf(bytes)
  }

  protected decode(bytes: Buffer): ValueAndTimestamp<V> {
    return { value: this.serdes.valueOf(plainValue(bytes)), timestamp: timestampOf(bytes) }
  }

  protected valueBytes(bytes: Buffer): Buffer {
    return plainValue(bytes)
  }

  protected restored(value: Buffer, timestamp: number): Buffer {
    return encodeTimestamped(timestamp, value)
  }
}
