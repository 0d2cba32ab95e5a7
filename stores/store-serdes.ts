import type { Serde } from '../lib/serde/serde.ts'
import { InvalidStoreArgumentError } from './errors.ts'

/** Turns the keys and values of one store into bytes and back. */
export class StoreSerdes<K, V> {
  readonly #storeName: string
  readonly #topic: string
  readonly #key: Serde<K>
  readonly #value: Serde<V>
  // get, then put, of one key: serialized once, and one Buffer for the layers below to recognise. Only for keys that cannot change.
  #lastKey: K | undefined
  #lastKeyBytes: Buffer | undefined
  // Several entries of one key that are read in turn.
  #lastReadBytes: Buffer | undefined
  #lastReadKey: K | undefined

  /** @param topic - What serdes are told: the store's changelog. */
  constructor(storeName: string, topic: string, serdes: { readonly key: Serde<K>; readonly value: Serde<V> }) {
    this.#storeName = storeName
    this.#topic = topic
    this.#key = serdes.key
    this.#value = serdes.value
  }

  keyBytes(key: K): Buffer {
    if (this.#lastKeyBytes !== undefined && Object.is(key, this.#lastKey)) return this.#lastKeyBytes
    if (key === undefined || key === null)
      throw new InvalidStoreArgumentError(this.#storeName, `${key} cannot be a key`)
    const bytes = this.#own(this.#key.serialize(this.#topic, key), key, 'key')
    const mutable = isMutable(key)
    this.#lastKey = mutable ? undefined : key
    this.#lastKeyBytes = mutable ? undefined : bytes
    return bytes
  }

  keyOf(bytes: Buffer): K {
    if (bytes === this.#lastReadBytes) return this.#lastReadKey as K
    const key = this.#key.deserialize(this.#topic, bytes)
    this.#lastReadBytes = isMutable(key) ? undefined : bytes
    this.#lastReadKey = key
    return key
  }

  valueBytes(value: V): Buffer {
    return this.#own(this.#value.serialize(this.#topic, value), value, 'value')
  }

  valueOf(bytes: Buffer): V {
    return this.#value.deserialize(this.#topic, bytes)
  }

  /** Waits for what the serdes have to fetch before they can read these bytes. */
  async prepare(keyBytes: Buffer, valueBytes: Buffer): Promise<void> {
    await this.#key.prepare?.(this.#topic, keyBytes)
    await this.#value.prepare?.(this.#topic, valueBytes)
  }

  // A serde that hands back what it was given (bytes) leaves the bytes with the user, who may change them, and who may have cut
  // them from a whole batch of records.
  #own(bytes: Buffer, given: unknown, what: 'key' | 'value'): Buffer {
    if (!(bytes instanceof Buffer)) {
      throw new InvalidStoreArgumentError(this.#storeName, `serialize() of its ${what} serde did not return a Buffer`)
    }
    return bytes === given ? Buffer.from(bytes) : bytes
  }
}

function isMutable(key: unknown): boolean {
  return typeof key === 'object' || typeof key === 'function'
}
