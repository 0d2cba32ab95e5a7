import { checkLength, DeserializationError, SerializationError, typeName } from './errors.ts'
import type { Serde } from './serde.ts'

const booleanSerde: Serde<boolean> = {
  serialize(topic, value) {
    if (typeof value !== 'boolean') {
      throw new SerializationError('boolean()', topic, `it takes true or false and got ${typeName(value)}`)
    }
    return Buffer.of(value ? 1 : 0)
  },
  deserialize(topic, bytes) {
    checkLength('boolean()', topic, bytes, 1)
    const byte = bytes[0]!
    if (byte > 1) throw new DeserializationError('boolean()', topic, `the byte ${byte} is neither 0 nor 1`)
    return byte === 1
  },
}

/**
 * One byte, 0 or 1: Java's `Serdes.Boolean()`. Other bytes are an error.
 *
 * @example
 * const switches = builder.table('switches', { key: serdes.string(), value: serdes.boolean() })
 */
export function boolean(): Serde<boolean> {
  return booleanSerde
}

const bytesSerde: Serde<Buffer> = {
  serialize(topic, value) {
    if (!Buffer.isBuffer(value)) {
      throw new SerializationError('bytes()', topic, `it takes a Buffer and got ${typeName(value)}`)
    }
    return value
  },
  deserialize(_topic, bytes) {
    return bytes
  },
}

/**
 * Bytes as they are: Java's `Serdes.Bytes()` and `Serdes.ByteArray()`. Nothing is copied, so a Buffer must not change after it was handed over,
 * nor one that was received.
 *
 * @example
 * builder.stream('uploads', { key: serdes.string(), value: serdes.bytes() }).to('backup')
 */
export function bytes(): Serde<Buffer> {
  return bytesSerde
}
