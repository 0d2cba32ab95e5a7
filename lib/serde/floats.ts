// Floating-point numbers in Java's form: IEEE 754, big-endian, and one pattern of bits for NaN.
import { checkLength, SerializationError, typeName } from './errors.ts'
import type { Serde } from './serde.ts'

// A processor's own NaN may have its sign bit set; Java writes these.
const DOUBLE_NAN = 0x7ff80000
const FLOAT_NAN = 0x7fc00000

const doubleSerde: Serde<number> = {
  serialize(topic, value) {
    if (typeof value !== 'number') throw notNumber('double()', topic, value)
    const bytes = Buffer.allocUnsafe(8)
    if (Number.isNaN(value)) {
      bytes.writeUInt32BE(DOUBLE_NAN, 0)
      bytes.writeUInt32BE(0, 4)
    } else {
      bytes.writeDoubleBE(value)
    }
    return bytes
  },
  deserialize(topic, bytes) {
    checkLength('double()', topic, bytes, 8)
    return bytes.readDoubleBE()
  },
}

/**
 * Numbers as 8 bytes: Java's `Serdes.Double()`. Every JavaScript number comes back as it was.
 *
 * @example
 * const totals = orders.mapValues((order) => order.total, { value: serdes.double() })
 */
export function double(): Serde<number> {
  return doubleSerde
}

const floatSerde: Serde<number> = {
  serialize(topic, value) {
    if (typeof value !== 'number') throw notNumber('float()', topic, value)
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new SerializationError(
        'float()',
        topic,
        `the number ${value} is too large for 4 bytes; serdes.double() takes it`,
      )
    }
    const bytes = Buffer.allocUnsafe(4)
    if (Number.isNaN(value)) bytes.writeUInt32BE(FLOAT_NAN)
    else bytes.writeFloatBE(value)
    return bytes
  },
  deserialize(topic, bytes) {
    checkLength('float()', topic, bytes, 4)
    return bytes.readFloatBE()
  },
}

/**
 * Numbers as 4 bytes: Java's `Serdes.Float()`. Rounded to the nearest of about 7 digits; too large for that is an error.
 *
 * @example
 * const samples = builder.stream('samples', { key: serdes.string(), value: serdes.float() })
 */
export function float(): Serde<number> {
  return floatSerde
}

function notNumber(serde: string, topic: string, value: unknown): SerializationError {
  return new SerializationError(serde, topic, `it takes a number and got ${typeName(value)}`)
}
