// Strategy: for every request and response of the api table a value is made up, encoded, and damaged in seeded random ways: cut off, bits and bytes
// changed, spliced with another message, lengths set to what no message holds.
// Invariants: what is read is a value of the schema, or a MalformedMessageError says why not; nothing else is ever thrown. Each step of reading
// takes bytes, so neither the work nor what is made can be more than the bytes allow, whatever a length says.
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../lib/client/group-protocol.ts'
import { decodeResponse } from '../../../../lib/client/kafkajs/messages.ts'
import { type Api, apis } from '../../../../lib/client/protocol/apis.ts'
import {
  MalformedMessageError,
  Reader,
  type Schema,
  skipTaggedFields,
  Writer,
} from '../../../../lib/client/protocol/schema.ts'
import { Chance, FUZZ_TIMEOUT_MS, fuzz } from '../../../support/fuzz.ts'
import { DreamReader } from './dream-reader.ts'

const sides = Object.values(apis as Record<string, Api<unknown, unknown>>).flatMap((api) =>
  (['request', 'response'] as const).map((side) => ({ name: api.name, side, api, schema: api[side] })),
)

/** Lengths and counts as they may lie in a message: of 16 and 32 bits, compact ones, and one without an end. */
const HOSTILE = [
  '7fffffff',
  '80000000',
  'fffffffe',
  '7fff',
  '8000',
  'fffe',
  '00',
  'ffffffff0f',
  '8080808008',
  'ffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'))

/** Counts the steps of reading. */
class CountingReader extends Reader {
  steps = 0

  override int8(): number {
    this.steps++
    return super.int8()
  }

  override int16(): number {
    this.steps++
    return super.int16()
  }

  override int32(): number {
    this.steps++
    return super.int32()
  }

  override int64(): number {
    this.steps++
    return super.int64()
  }

  override uvarint(): number {
    this.steps++
    return super.uvarint()
  }

  override raw(length: number): Buffer {
    this.steps++
    return super.raw(length)
  }
}

function made(schema: Schema<unknown>, flexible: boolean, chance: Chance): Buffer {
  const writer = new Writer(flexible)
  schema.write(writer, schema.read(new DreamReader(flexible, { random: chance.random, maxLength: 3 })))
  return Buffer.from(writer.done())
}

function damaged(bytes: Buffer, other: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length + 1)
  const hostile = chance.pick(HOSTILE)
  switch (chance.below(6)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      for (let i = chance.below(3); i >= 0 && bytes.length > 0; i--)
        bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8)
      return bytes
    case 2:
      chance.bytes(1 + chance.below(8)).copy(bytes, at)
      return bytes
    case 3:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(chance.below(other.length + 1))])
    case 4:
      hostile.copy(bytes, at)
      return bytes
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        hostile,
        bytes.subarray(Math.min(bytes.length, at + hostile.length)),
      ])
  }
}

/** How much was made: items of arrays, and the bytes of strings. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + 1 + sizeOf(item), 0)
  return Object.values(value).reduce((sum: number, field) => sum + sizeOf(field), 0)
}

/** Undefined: malformed. */
function readOrMalformed<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error
    return undefined
  }
}

describe.each(sides)('a damaged $name $side', ({ side, api, schema }) => {
  it(
    'is read or malformed, in as many steps as it has bytes',
    () => {
      let readable = 0
      let malformed = 0
      fuzz(150, (chance) => {
        const bytes = damaged(made(schema, api.flexible, chance), made(schema, api.flexible, chance), chance)
        const reader = new CountingReader(bytes, api.flexible)
        const value = readOrMalformed(() => schema.read(reader))
        // A string or an array without items is one step, and one byte at least; a string with some is two.
        if (reader.steps > 2 * bytes.length + 2) throw new Error(`${reader.steps} steps for ${bytes.length} bytes`)
        // A uuid's text has two characters for each byte.
        if (sizeOf(value) > 2 * bytes.length) throw new Error(`${sizeOf(value)} made of ${bytes.length} bytes`)
        if (value === undefined) malformed++
        else readable++
        if (side === 'response') readOrMalformed(() => decodeResponse(api, bytes))
      })
      expect(readable).toBeGreaterThan(0)
      expect(malformed).toBeGreaterThan(0)
    },
    FUZZ_TIMEOUT_MS,
  )
})

describe('a length that promises more than there is', () => {
  it.each([
    {
      what: 'two thousand million items in ten bytes',
      hex: '7fffffff',
      flexible: false,
      read: apis.createTopics.request.read,
    },
    {
      what: 'four thousand million items in ten bytes',
      hex: '01ffffffff0f',
      flexible: true,
      read: apis.offsetFetch.request.read,
    },
    {
      what: 'four thousand million tagged fields in ten bytes',
      hex: 'ffffffff0f',
      flexible: true,
      read: skipTaggedFields,
    },
  ])('fails at once: $what', ({ hex, flexible, read }) => {
    const reader = new CountingReader(Buffer.from(hex + '00'.repeat(10), 'hex'), flexible)
    expect(() => read(reader)).toThrow(MalformedMessageError)
    expect(reader.steps).toBeLessThan(30)
  })
})

describe('what group members tell each other', () => {
  const partitions = ['a', 'grüße', ''].flatMap((topic) =>
    [0, 1, 2 ** 31 - 1].map((partition) => ({ topic, partition })),
  )
  const userData = Buffer.from('whatever')
  it.each([
    {
      what: 'a subscription',
      bytes: encodeSubscription({ topics: ['a', 'b'], userData, ownedPartitions: partitions, generation: 5 }),
      decode: decodeSubscription as (bytes: Buffer) => unknown,
    },
    {
      what: 'an assignment',
      bytes: encodeAssignment({ partitions, userData, incomplete: true }),
      decode: decodeAssignment,
    },
  ])('is read or malformed: $what', ({ bytes, decode }) => {
    const other = new Chance(1).bytes(100)
    fuzz(2_000, (chance) => {
      readOrMalformed(() => decode(damaged(Buffer.from(bytes), other, chance)))
    })
  })
})
