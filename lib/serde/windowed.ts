// Keys of windowed tables in the bytes of Java's WindowedSerdes.
import { type WindowEnds, Windowed } from '../core/windowed.ts'
import { DeserializationError } from './errors.ts'
import { readInt64, writeInt64 } from './int64.ts'
import type { Serde } from './serde.ts'

const TIME_BYTES = 8

/** The serde of a key in a window: the key's bytes, then the window's. */
export abstract class WindowedSerde<K> implements Serde<Windowed<K>> {
  /** The serde of the key alone; a sink chooses partitions by its bytes, so that all windows of a key meet. */
  readonly inner: Serde<K>
  readonly #windowBytes: number
  // The windows of one key come in turn, and each is asked for its partition too. Only of keys that cannot change.
  #lastTopic = ''
  #lastKey: K | undefined
  #lastKeyBytes: Buffer | undefined
  readonly prepare?: NonNullable<Serde<Windowed<K>>['prepare']>
  readonly start?: NonNullable<Serde<Windowed<K>>['start']>

  constructor(inner: Serde<K>, windowBytes: number) {
    this.inner = inner
    this.#windowBytes = windowBytes
    if (inner.prepare !== undefined)
      this.prepare = (topic, bytes) => inner.prepare!(topic, this.#keyBytesIn(topic, bytes))
    if (inner.start !== undefined) this.start = (topics) => inner.start!(topics)
  }

  serialize(topic: string, windowed: Windowed<K>): Buffer {
    const keyBytes = this.keyBytes(topic, windowed.key)
    const bytes = Buffer.allocUnsafe(keyBytes.length + this.#windowBytes)
    bytes.set(keyBytes)
    this.writeWindow(bytes, windowed, keyBytes.length)
    return bytes
  }

  deserialize(topic: string, bytes: Buffer): Windowed<K> {
    const keyBytes = this.#keyBytesIn(topic, bytes)
    return this.readWindow(this.inner.deserialize(topic, keyBytes), bytes, keyBytes.length)
  }

  /** The bytes of the key alone; not to be changed. */
  keyBytes(topic: string, key: K): Buffer {
    const last = this.#lastKeyBytes
    if (last !== undefined && Object.is(key, this.#lastKey) && topic === this.#lastTopic) return last
    const bytes = this.inner.serialize(topic, key)
    const mutable = typeof key === 'object' || typeof key === 'function'
    this.#lastTopic = topic
    this.#lastKey = mutable ? undefined : key
    this.#lastKeyBytes = mutable ? undefined : bytes
    return bytes
  }

  protected abstract readonly name: string
  protected abstract writeWindow(bytes: Buffer, windowed: Windowed<K>, at: number): void
  protected abstract readWindow(key: K, bytes: Buffer, at: number): Windowed<K>

  #keyBytesIn(topic: string, bytes: Buffer): Buffer {
    const keyLength = bytes.length - this.#windowBytes
    if (keyLength >= 0) return bytes.subarray(0, keyLength)
    throw new DeserializationError(
      this.name,
      topic,
      `it takes at least ${this.#windowBytes} bytes and got ${bytes.length}`,
    )
  }
}

class TimeWindowedSerde<K> extends WindowedSerde<K> {
  protected readonly name = 'timeWindowed()'
  readonly #ends: WindowEnds

  constructor(inner: Serde<K>, ends: WindowEnds) {
    super(inner, TIME_BYTES)
    this.#ends = ends
  }

  protected writeWindow(bytes: Buffer, { window }: Windowed<K>, at: number): void {
    writeInt64(bytes, window.startMs, at)
  }

  protected readWindow(key: K, bytes: Buffer, at: number): Windowed<K> {
    const startMs = readInt64(bytes, at)
    return new Windowed(key, startMs, this.#ends.endOf(startMs))
  }
}

class SessionWindowedSerde<K> extends WindowedSerde<K> {
  protected readonly name = 'sessionWindowed()'

  constructor(inner: Serde<K>) {
    super(inner, 2 * TIME_BYTES)
  }

  protected writeWindow(bytes: Buffer, { window }: Windowed<K>, at: number): void {
    writeInt64(bytes, window.endMs, at)
    writeInt64(bytes, window.startMs, at + TIME_BYTES)
  }

  protected readWindow(key: K, bytes: Buffer, at: number): Windowed<K> {
    return new Windowed(key, readInt64(bytes, at + TIME_BYTES), readInt64(bytes, at))
  }
}

/**
 * A key in a time window: the key's bytes, then the window's start (8 bytes, big-endian). The end is not written: it follows from the start.
 *
 * @param windows - The size in milliseconds of tumbling and hopping windows, the time difference of sliding ones; what `windows.custom` made for windows that differ in length.
 * @example
 * hourly.toStream().to('hourly-counts', { key: serdes.timeWindowed(serdes.string(), 3_600_000), value: serdes.long() })
 */
export function timeWindowed<K>(inner: Serde<K>, windows: number | WindowEnds): Serde<Windowed<K>> {
  return new TimeWindowedSerde(inner, typeof windows === 'number' ? endsOfSize(windows) : windows)
}

function endsOfSize(sizeMs: number): WindowEnds {
  return { endOf: (startMs) => Math.min(startMs + sizeMs, Number.MAX_SAFE_INTEGER) }
}

/**
 * A key in a session: the key's bytes, then the session's end and its start (8 bytes each, big-endian).
 *
 * @example
 * visits.toStream().to('visits', { key: serdes.sessionWindowed(serdes.string()), value: serdes.long() })
 */
export function sessionWindowed<K>(inner: Serde<K>): Serde<Windowed<K>> {
  return new SessionWindowedSerde(inner)
}
