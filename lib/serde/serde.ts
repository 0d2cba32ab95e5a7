/**
 * Turns keys or values of one type into bytes and back. Both directions are synchronous; null never reaches a serde
 * (a null key or value is written as null).
 *
 * @example
 * const celsius: Serde<number> = {
 *   serialize: (_topic, value) => { const b = Buffer.alloc(4); b.writeFloatBE(value); return b },
 *   deserialize: (_topic, bytes) => bytes.readFloatBE(0),
 * }
 */
export interface Serde<T> {
  /** The topic is the one that the bytes will be written to (for a store: its changelog topic). */
  serialize(topic: string, value: T): Buffer
  /** Throws, with any error, what it cannot read. `bytes` may share memory with a whole batch: copy what is kept for long. */
  deserialize(topic: string, bytes: Buffer): T
  /**
   * Called where bytes enter, before `deserialize` of the same bytes: a serde that first has to fetch something (a schema) returns
   * a promise, otherwise undefined.
   */
  prepare?(topic: string, bytes: Buffer): Promise<void> | undefined
  /** Called before the first record, with topics that this serde will write; again, with others, for each serde that is made of this one. */
  start?(topics: readonly string[]): Promise<void>
}
