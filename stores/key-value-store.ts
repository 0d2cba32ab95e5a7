import { TypedStore } from './typed-store.ts'

/** A store whose row is the value's bytes. Its changelog records have the event time of the record that was in process. */
export class PlainKeyValueStore<K, V> extends TypedStore<K, V, V> {
  put(key: K, value: V | null): void {
    if (value === undefined) throw this.undefinedPut()
    const row = value === null ? null : this.serializeValue(value)
    this.writer.put(this.keyBytes(key), row, row, this.recordTimestamp)
  }

  protected valueBytes(row: Buffer): Buffer {
    return row
  }

  protected entryOf(row: Buffer): V {
    return this.deserializeValue(row)
  }

  protected restoredRow(value: Buffer): Buffer {
    return value
  }
}
