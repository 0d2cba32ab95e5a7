// Java's ListSerde. Lists of values that all have the same length: a byte 0, how many are null, their indexes, how many there are, then the others. Other lists: a
// byte 1, how many there are, then each with its length, -1 for null. Numbers are 4 bytes, big-endian.
import { DeserializationError, SerializationError, typeName } from './errors.ts'
import { double, float } from './floats.ts'
import { bigint, integer, long, short } from './integers.ts'
import type { Serde } from './serde.ts'
import { uuid } from './uuid.ts'

const SAME_LENGTH = 0
const ANY_LENGTH = 1
const INT_BYTES = 4
const NULL_LENGTH = -1

/** Serdes whose values all have one length, as Java's ListDeserializer knows them. */
const LENGTHS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [short(), 2],
  [integer(), 4],
  [float(), 4],
  [long(), 8],
  [bigint(), 8],
  [double(), 8],
  [uuid(), 36],
])

/**
 * Lists of values, some of which may be null: Java's `Serdes.ListSerde`. Of numbers and UUIDs, which have one length, the values stand one behind the other; of all else each has its length in
 * front.
 *
 * @example
 * builder.stream('samples', { key: serdes.string(), value: serdes.list(serdes.double()) })
 */
export function list<T>(inner: Serde<T>): Serde<readonly (T | null)[]> {
  const length = LENGTHS.get(inner)
  return {
    ...(inner.start === undefined ? {} : { start: (topics) => inner.start!(topics) }),
    serialize(topic, values) {
      if (!Array.isArray(values))
        throw new SerializationError('list()', topic, `it takes an array and got ${typeName(values)}`)
      const bytes = values.map((value: T | null) => (value === null ? null : inner.serialize(topic, value)))
      return length === undefined ? ofAnyLength(bytes) : ofSameLength(bytes)
    },
    deserialize: (topic, bytes) =>
      read(topic, bytes, length).map((value) => (value === null ? null : inner.deserialize(topic, value))),
    ...(inner.prepare === undefined
      ? {}
      : {
          prepare(topic, bytes) {
            const pending = read(topic, bytes, length).flatMap((value) =>
              value === null ? [] : (inner.prepare!(topic, value) ?? []),
            )
            return pending.length === 0 ? undefined : Promise.all(pending).then(() => {})
          },
        }),
  }
}

/** The values' bytes: views. `length` is what each has, undefined if they differ. */
function read(topic: string, bytes: Buffer, length: number | undefined): Bytes {
  const reader = new Reader(topic, bytes)
  const flag = reader.byte()
  if (flag !== SAME_LENGTH && flag !== ANY_LENGTH) throw reader.error(`its first byte is ${flag}, neither 0 nor 1`)
  if (flag === SAME_LENGTH && length === undefined)
    throw reader.error('it was written with a serde of one length, and is read with another')
  const nulls = new Set(flag === SAME_LENGTH ? reader.ints(reader.count(INT_BYTES)) : [])
  const size = flag === SAME_LENGTH ? reader.int() : reader.count(INT_BYTES)
  const values: (Buffer | null)[] = []
  while (values.length < size) {
    const valueLength = flag === ANY_LENGTH ? reader.int() : nulls.has(values.length) ? NULL_LENGTH : length!
    values.push(valueLength === NULL_LENGTH ? null : reader.take(valueLength))
  }
  return values
}

type Bytes = readonly (Buffer | null)[]

function ofSameLength(values: Bytes): Buffer {
  const nulls = values.flatMap((value, index) => (value === null ? [index] : []))
  const others = values.filter((value) => value !== null)
  return Buffer.concat([Buffer.of(SAME_LENGTH), int(nulls.length), ...nulls.map(int), int(values.length), ...others])
}

function ofAnyLength(values: Bytes): Buffer {
  const parts = values.flatMap((value) => (value === null ? [int(NULL_LENGTH)] : [int(value.length), value]))
  return Buffer.concat([Buffer.of(ANY_LENGTH), int(values.length), ...parts])
}

function int(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(INT_BYTES)
  bytes.writeInt32BE(value)
  return bytes
}

class Reader {
  readonly #topic: string
  readonly #bytes: Buffer
  #at = 0

  constructor(topic: string, bytes: Buffer) {
    this.#topic = topic
    this.#bytes = bytes
  }

  byte(): number {
    return this.take(1)[0]!
  }

  int(): number {
    return this.take(INT_BYTES).readInt32BE()
  }

  /** A count of things of which each has at least so many bytes. */
  count(leastBytes: number): number {
    const count = this.int()
    if (count < 0 || count * leastBytes > this.#bytes.length - this.#at) throw this.error(`it claims ${count} entries`)
    return count
  }

  ints(count: number): number[] {
    return Array.from({ length: count }, () => this.int())
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw this.error('it is cut off')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  error(problem: string): DeserializationError {
    return new DeserializationError('list()', this.#topic, `${this.#bytes.length} bytes that are no list: ${problem}`)
  }
}
