import { DeserializationError, SerializationError, typeName } from './errors.ts'
import type { Serde } from './serde.ts'

const jsonSerde: Serde<unknown> = {
  serialize(topic, value) {
    let text: string | undefined
    try {
      text = JSON.stringify(value)
    } catch (cause) {
      const problem = `${typeName(value)} has no JSON form (${(cause as Error).message})`
      throw new SerializationError('json()', topic, problem, { cause })
    }
    // A function, a symbol, undefined, or a toJSON that returns one.
    if (text === undefined) throw new SerializationError('json()', topic, `${typeName(value)} has no JSON form`)
    return Buffer.from(text)
  },
  deserialize(topic, bytes) {
    try {
      return JSON.parse(bytes.toString())
    } catch (cause) {
      throw new DeserializationError('json()', topic, `${bytes.length} bytes that are not JSON`, { cause })
    }
  },
}

declare const exact: unique symbol

/**
 * What `serdes.json()` gives. A verb whose callback makes the values tells by this type a serde that was given no type, and takes the type of what the callback returns.
 */
export interface JsonSerde<T> extends Serde<T> {
  /** Not there when it runs: keeps the serde of one type from passing for that of another. */
  readonly [exact]: (value: T) => T
}

/**
 * Whatever JSON.stringify writes, in UTF-8. The type is taken on trust: nothing checks what is read. What JSON drops is lost (undefined
 * properties, class instances become plain objects, dates become strings).
 *
 * As a key: two objects are the same key only if their properties come in the same order.
 *
 * Where records enter say their type, `json<Flight>()`, or it is unknown. For what a callback makes `json()` will do.
 *
 * @example
 * const flights = builder.stream('flights', { key: serdes.string(), value: serdes.json<Flight>() })
 * const delays = flights.mapValues((flight) => ({ delayMin: flight.delayMin }), { value: serdes.json() })
 */
export function json<T>(): JsonSerde<T> {
  return jsonSerde as JsonSerde<T>
}
