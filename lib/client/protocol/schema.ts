// Kafka's request and response bodies as values: a schema writes and reads one version of one message.
// The primitive encodings, compact forms and tagged fields follow the protocol guide (KIP-482 for flexible versions).

/** Bytes ended before the message did, or hold what the schema does not allow. */
export class MalformedMessageError extends Error {}

/** Writes primitives to a growing buffer. `flexible` chooses the compact forms. */
export class Writer {
  readonly flexible: boolean
  #buffer: Buffer
  #position = 0

  constructor(flexible: boolean, sizeHint = 256) {
    this.flexible = flexible
    this.#buffer = Buffer.allocUnsafe(sizeHint)
  }

  int8(value: number): void {
    this.#position = this.#room(1).writeInt8(value, this.#position)
  }

  int16(value: number): void {
    this.#position = this.#room(2).writeInt16BE(value, this.#position)
  }

  int32(value: number): void {
    this.#position = this.#room(4).writeInt32BE(value, this.#position)
  }

  /** Any safe integer. */
  int64(value: number): void {
    const high = Math.floor(value / 4294967296)
    this.#room(8).writeInt32BE(high, this.#position)
    this.#position = this.#buffer.writeUInt32BE(value - high * 4294967296, this.#position + 4)
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(value: number): void {
    this.#room(5)
    let rest = value
    while (rest > 127) {
      this.#buffer[this.#position++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#buffer[this.#position++] = rest
  }

  /** A length that may say null, by -1: plain as it is, compact plus one. */
  length(value: number, plain: 'int16' | 'int32'): void {
    if (this.flexible) this.uvarint(value + 1)
    else this[plain](value)
  }

  raw(bytes: Buffer): void {
    this.#room(bytes.length)
    bytes.copy(this.#buffer, this.#position)
    this.#position += bytes.length
  }

  /** The bytes written so far, without a copy. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#position)
  }

  #room(bytes: number): Buffer {
    const needed = this.#position + bytes
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#position)
      this.#buffer = larger
    }
    return this.#buffer
  }
}

/** Reads primitives from a buffer; throws MalformedMessageError rather than read past its end. */
export class Reader {
  readonly flexible: boolean
  readonly #buffer: Buffer
  #position = 0

  constructor(buffer: Buffer, flexible: boolean) {
    this.#buffer = buffer
    this.flexible = flexible
  }

  get remaining(): number {
    return this.#buffer.length - this.#position
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  int64(): number {
    const at = this.#take(8)
    return this.#buffer.readInt32BE(at) * 4294967296 + this.#buffer.readUInt32BE(at + 4)
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer[this.#take(1)]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new MalformedMessageError('a varint is longer than 5 bytes')
  }

  /** A length; negative: null. */
  length(plain: 'int16' | 'int32'): number {
    return this.flexible ? this.uvarint() - 1 : this[plain]()
  }

  /** The next bytes, sharing memory with the message. */
  raw(length: number): Buffer {
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  #take(bytes: number): number {
    if (bytes < 0 || bytes > this.remaining) {
      throw new MalformedMessageError(`${bytes} bytes wanted at ${this.#position}, ${this.remaining} left`)
    }
    const at = this.#position
    this.#position += bytes
    return at
  }
}

/** How one type of value is written and read. */
export interface Schema<T> {
  write(writer: Writer, value: T): void
  read(reader: Reader): T
}

/** The type of the values of a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never

export const int8: Schema<number> = { write: (w, v) => w.int8(v), read: (r) => r.int8() }
export const int16: Schema<number> = { write: (w, v) => w.int16(v), read: (r) => r.int16() }
export const int32: Schema<number> = { write: (w, v) => w.int32(v), read: (r) => r.int32() }
export const int64: Schema<number> = { write: (w, v) => w.int64(v), read: (r) => r.int64() }
export const bool: Schema<boolean> = { write: (w, v) => w.int8(v ? 1 : 0), read: (r) => r.int8() !== 0 }
/** 16 bytes, as 32 hexadecimal digits. */
export const uuid: Schema<string> = {
  write: (w, v) => w.raw(Buffer.from(v, 'hex')),
  read: (r) => r.raw(16).toString('hex'),
}

function notNull<T>(value: T | null, what: string): T {
  if (value === null) throw new MalformedMessageError(`${what} is null`)
  return value
}

export const nullableString: Schema<string | null> = {
  write(w, value) {
    const bytes = value === null ? null : Buffer.from(value)
    w.length(bytes?.length ?? -1, 'int16')
    if (bytes !== null) w.raw(bytes)
  },
  read(r) {
    const length = r.length('int16')
    return length < 0 ? null : r.raw(length).toString()
  },
}

export const string: Schema<string> = {
  write: (w, value) => nullableString.write(w, value),
  read: (r) => notNull(nullableString.read(r), 'a string'),
}

/** Also the type of record batches: bytes with a 32-bit length. */
export const nullableBytes: Schema<Buffer | null> = {
  write(w, value) {
    w.length(value?.length ?? -1, 'int32')
    if (value !== null) w.raw(value)
  },
  read(r) {
    const length = r.length('int32')
    return length < 0 ? null : r.raw(length)
  },
}

export const bytes: Schema<Buffer> = {
  write: (w, value) => nullableBytes.write(w, value),
  read: (r) => notNull(nullableBytes.read(r), 'bytes'),
}

export function nullableArray<T>(item: Schema<T>): Schema<readonly T[] | null> {
  return {
    write(w, values) {
      w.length(values?.length ?? -1, 'int32')
      for (const value of values ?? []) item.write(w, value)
    },
    read(r) {
      const length = r.length('int32')
      if (length < 0) return null
      // Each item takes at least a byte: a length beyond that is damage, not an array to allocate.
      if (length > r.remaining) throw new MalformedMessageError(`an array of ${length} items in ${r.remaining} bytes`)
      const values: T[] = []
      for (let i = 0; i < length; i++) values.push(item.read(r))
      return values
    },
  }
}

export function array<T>(item: Schema<T>): Schema<readonly T[]> {
  const nullable = nullableArray(item)
  return { write: (w, values) => nullable.write(w, values), read: (r) => notNull(nullable.read(r), 'an array') }
}

type StructOf<F> = { readonly [K in keyof F]: Infer<F[K]> }

/** Fields in the order given. In flexible versions tagged fields follow: none are written, all are skipped when read. */
export function struct<F extends Record<string, Schema<any>>>(fields: F): Schema<StructOf<F>> {
  const entries = Object.entries(fields)
  return {
    write(w, value) {
      for (const [name, field] of entries) field.write(w, value[name])
      if (w.flexible) w.uvarint(0)
    },
    read(r) {
      const value: Record<string, unknown> = {}
      for (const [name, field] of entries) value[name] = field.read(r)
      if (r.flexible) skipTaggedFields(r)
      return value as StructOf<F>
    },
  }
}

/** An optional field of a flexible version: its number, and what counts where it is absent. */
export interface Tagged<T> {
  readonly tag: number
  readonly schema: Schema<T>
  readonly absent: T
}

type TaggedOf<F> = { readonly [K in keyof F]: F[K] extends Tagged<infer T> ? T : never }

/** A struct of a flexible version that ends in these tagged fields, in the order of their numbers; others are skipped when read. */
export function taggedStruct<F extends Record<string, Schema<any>>, G extends Record<string, Tagged<any>>>(
  fields: F,
  tagged: G,
): Schema<StructOf<F> & TaggedOf<G>> {
  const entries = Object.entries(fields)
  const tags = Object.entries(tagged)
  return {
    write(w, value: Record<string, unknown>) {
      for (const [name, field] of entries) field.write(w, value[name])
      w.uvarint(tags.length)
      for (const [name, { tag, schema }] of tags) {
        const content = new Writer(true)
        schema.write(content, value[name])
        w.uvarint(tag)
        w.uvarint(content.done().length)
        w.raw(content.done())
      }
    },
    read(r) {
      const value: Record<string, unknown> = {}
      for (const [name, field] of entries) value[name] = field.read(r)
      for (const [name, { absent }] of tags) value[name] = absent
      for (let count = r.uvarint(); count > 0; count--) {
        const number = r.uvarint()
        const content = new Reader(r.raw(r.uvarint()), true)
        const known = tags.find(([, { tag }]) => tag === number)
        if (known !== undefined) value[known[0]] = known[1].schema.read(content)
      }
      return value as StructOf<F> & TaggedOf<G>
    },
  }
}

export function skipTaggedFields(r: Reader): void {
  for (let count = r.uvarint(); count > 0; count--) {
    r.uvarint()
    r.raw(r.uvarint())
  }
}
