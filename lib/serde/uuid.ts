import { DeserializationError, SerializationError, typeName } from './errors.ts'
import type { Serde } from './serde.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

// Lower case in both directions, as Java prints them: equal ids have to meet in the same bytes.
const uuidSerde: Serde<string> = {
  serialize(topic, value) {
    if (typeof value !== 'string' || !UUID.test(value)) {
      const got = typeof value === 'string' ? 'another string' : typeName(value)
      throw new SerializationError(
        'uuid()',
        topic,
        `it takes a string like 123e4567-e89b-12d3-a456-426614174000 and got ${got}`,
      )
    }
    return Buffer.from(value.toLowerCase(), 'latin1')
  },
  deserialize(topic, bytes) {
    const text = bytes.toString('latin1')
    if (!UUID.test(text)) {
      throw new DeserializationError('uuid()', topic, `${bytes.length} bytes that are not the text of a UUID`)
    }
    return text.toLowerCase()
  },
}

/**
 * UUIDs as strings, written as 36 characters: Java's `Serdes.UUID()`. Lower case in both directions; other strings are an error.
 *
 * @example
 * const requests = builder.stream('requests', { key: serdes.uuid(), value: serdes.json<{ path: string }>() })
 */
export function uuid(): Serde<string> {
  return uuidSerde
}
