import { writeInt64 } from '../../lib/serde/int64.ts'
import { InvalidStoreArgumentError } from '../errors.ts'
import type { ValueAndTimestamp } from '../store.ts'
import { plainValue, TIMESTAMP_BYTES, timestampOf } from '../value-and-timestamp.ts'
import { WindowEntriesStore } from './window-entries-store.ts'

const NO_HEAD = Buffer.alloc(0)

/** A window store whose entries are the values' bytes. Its changelog records have the event time of the record that was in process. */
export class PlainWindowStore<K, V> extends WindowEntriesStore<K, V, V> {
  protected takeValue(value: V): V {
    return value
  }

  protected timestampOf(): number {
    return this.recordTimestamp
  }

  protected headOf(): Buffer {
    return NO_HEAD
  }

  protected decode(bytes: Buffer): V {
    return this.serdes.valueOf(bytes)
  }

  protected valueIn(bytes: Buffer): Buffer {
    return bytes
  }
}

/** A window store whose entries have the event time before the value's bytes. Its changelog records have the plain value and that time. */
export class TimestampedWindows<K, V> extends WindowEntriesStore<K, V, ValueAndTimestamp<V>> {
  readonly #head = Buffer.alloc(TIMESTAMP_BYTES)

  protected takeValue({ value }: ValueAndTimestamp<V>): V | null {
    if (value === undefined) throw this.undefinedPut()
    return value
  }

  protected timestampOf({ timestamp }: ValueAndTimestamp<V>): number {
    if (Number.isSafeInteger(timestamp)) return timestamp
    throw new InvalidStoreArgumentError(this.name, `the timestamp ${timestamp} is not in whole milliseconds`)
  }

  protected headOf(timestamp: number): Buffer {
    writeInt64(this.#head, timestamp, 0)
    return this.#head
  }

  protected decode(bytes: Buffer): ValueAndTimestamp<V> {
    return { value: this.serdes.valueOf(plainValue(bytes)), timestamp: timestampOf(bytes) }
  }

  protected valueIn(bytes: Buffer): Buffer {
    return plainValue(bytes)
  }
}
