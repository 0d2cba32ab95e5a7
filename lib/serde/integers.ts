// Whole numbers in Java's form: two's complement, big-endian.
import { checkLength, DeserializationError, SerializationError, typeName } from './errors.ts'
import { readInt64, writeInt64 } from './int64.ts'
import type { Serde } from './serde.ts'

// This is the value of every count: see int64.ts for why it is fast.
const longSerde: Serde<number> = {
  serialize(topic, value) {
    if (!Number.isSafeInteger(value)) throw notSafe(topic, value)
    const bytes = Buffer.allocUnsafe(8)
    writeInt64(bytes, value, 0)
    return bytes
  },
  deserialize(topic, bytes) {
    checkLength('long()', topic, bytes, 8)
    const value = readInt64(bytes, 0)
    if (!Number.isSafeInteger(value)) {
      const exact = bytes.readBigInt64BE()
      const problem = `${exact} is beyond the whole numbers that a JavaScript number holds exactly (±2^53); serdes.bigint() reads it`
      throw new DeserializationError('long()', topic, problem)
    }
    return value
  },
}

function notSafe(topic: string, value: unknown): SerializationError {
  const got = typeof value === 'number' ? `the number ${value}` : typeName(value)
  const problem = `it takes a whole number within ±(2^53 - 1) and got ${got}; serdes.bigint() takes the full range of 64 bits as bigint`
  return new SerializationError('long()', topic, problem)
}

/**
 * Whole numbers as 8 bytes, big-endian: Java's `Serdes.Long()`. Within ±(2^53 - 1), checked in both directions; beyond them use `bigint()`.
 *
 * @example
 * const counts = builder.table('counts', { key: serdes.string(), value: serdes.long() })
 */
export function long(): Serde<number> {
  return longSerde
}

const bigintSerde: Serde<bigint> = {
  serialize(topic, value) {
    if (typeof value !== 'bigint') {
      throw new SerializationError('bigint()', topic, `it takes a bigint and got ${typeName(value)}`)
    }
    if (BigInt.asIntN(64, value) !== value) {
      throw new SerializationError('bigint()', topic, `the bigint ${value} does not fit 64 bits`)
    }
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(value)
    return bytes
  },
  deserialize(topic, bytes) {
    checkLength('bigint()', topic, bytes, 8)
    return bytes.readBigInt64BE()
  },
}

/**
 * Whole numbers of the full range of 64 bits, signed, as bigint, in the bytes of `long()`. Checked when written.
 *
 * @example
 * const transfers = builder.stream('transfers', { key: serdes.bigint(), value: serdes.json<Payment>() })
 */
export function bigint(): Serde<bigint> {
  return bigintSerde
}

const integerSerde: Serde<number> = {
  serialize(topic, value) {
    if (typeof value !== 'number' || (value | 0) !== value) throw outOfRange('integer()', topic, value, 32)
    const bytes = Buffer.allocUnsafe(4)
    bytes[0] = value >> 24
    bytes[1] = value >> 16
    bytes[2] = value >> 8
    bytes[3] = value
    return bytes
  },
  deserialize(topic, bytes) {
    checkLength('integer()', topic, bytes, 4)
    return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!
  },
}

/**
 * Whole numbers of 32 bits, signed, as 4 bytes, big-endian: Java's `Serdes.Integer()`. Checked when written.
 *
 * @example
 * const orderLines = builder.stream('order-lines', { key: serdes.integer(), value: serdes.json<Line>() })
 */
export function integer(): Serde<number> {
  return integerSerde
}

const shortSerde: Serde<number> = {
  serialize(topic, value) {
    if (typeof value !== 'number' || (value << 16) >> 16 !== value) throw outOfRange('short()', topic, value, 16)
    const bytes = Buffer.allocUnsafe(2)
    bytes[0] = value >> 8
    bytes[1] = value
    return bytes
  },
  deserialize(topic, bytes) {
    checkLength('short()', topic, bytes, 2)
    return ((bytes[0]! << 24) >> 16) | bytes[1]!
  },
}

/**
 * Whole numbers of 16 bits, signed, as 2 bytes, big-endian: Java's `Serdes.Short()`. Checked when written.
 *
 * @example
 * const ports = builder.table('ports', { key: serdes.string(), value: serdes.short() })
 */
export function short(): Serde<number> {
  return shortSerde
}

function outOfRange(serde: string, topic: string, value: unknown, bits: number): SerializationError {
  const got = typeof value === 'number' ? `the number ${value}` : typeName(value)
  return new SerializationError(serde, topic, `it takes a whole number of ${bits} bits and got ${got}`)
}
