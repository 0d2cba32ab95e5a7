import { Reader } from '../../../../lib/client/protocol/schema.ts'

export interface Dream {
  /** From 0 (inclusive) to 1 (exclusive). */
  random(): number
  readonly maxLength: number
}

/** Makes up what it is asked to read, so that any schema gives a value that it can write. */
export class DreamReader extends Reader {
  readonly #dream: Dream

  constructor(flexible: boolean, dream: Dream) {
    super(Buffer.alloc(0), flexible)
    this.#dream = dream
  }

  override get remaining(): number {
    return Number.POSITIVE_INFINITY
  }

  override int8(): number {
    return this.#below(2) // bool reads it too
  }

  override int16(): number {
    return this.#below(65_536) - 32_768
  }

  override int32(): number {
    return this.#below(2 ** 32) - 2 ** 31
  }

  override int64(): number {
    return this.#below(2 ** 53) - 2 ** 52
  }

  override uvarint(): number {
    return 0 // no tagged fields
  }

  override length(): number {
    return this.#below(this.#dream.maxLength + 1)
  }

  override raw(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => 97 + this.#below(26)))
  }

  #below(limit: number): number {
    return Math.floor(this.#dream.random() * limit)
  }
}
