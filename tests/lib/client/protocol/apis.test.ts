import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { type Api, apis } from '../../../../lib/client/protocol/apis.ts'
import { MalformedMessageError, Reader, type Schema, Writer } from '../../../../lib/client/protocol/schema.ts'
import { DreamReader } from './dream-reader.ts'

/** One message of each kind: bytes, and how the Java client of Kafka 4.3.1 reads them. No two fields have equal values. */
interface JavaMessage {
  readonly api: string
  readonly version: number
  readonly side: 'request' | 'response'
  readonly hex: string
  readonly java: unknown
}

const javaMessages: readonly JavaMessage[] = readFileSync(new URL('./java-messages.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const sides = Object.values(apis as Record<string, Api<unknown, unknown>>).flatMap((api) =>
  (['request', 'response'] as const).map((side) => ({ name: api.name, side, api, schema: api[side] })),
)

function encode(schema: Schema<unknown>, value: unknown, flexible: boolean): Buffer {
  const writer = new Writer(flexible)
  schema.write(writer, value)
  return writer.done()
}

// Where our names and the protocol's differ. The order of the fields decides, so a swap of two fields shows.
const protocolNames: Readonly<Record<string, readonly string[]>> = {
  topics: ['topicData', 'responses', 'v3AndBelowTopics', 'resultsByTopicV3AndBelow'],
  partitions: ['partitionData', 'partitionResponses', 'resultsByPartition'],
  name: ['topic'],
  message: ['batchIndexErrorMessage'],
  forgottenTopics: ['forgottenTopicsData'],
  generationId: ['generationIdOrMemberEpoch'],
  errorCode: ['partitionErrorCode'],
  transactionalId: ['v3AndBelowTransactionalId'],
  producerId: ['v3AndBelowProducerId'],
  producerEpoch: ['v3AndBelowProducerEpoch'],
}

/** Our value in the notation of Java's JSON converter, with the names that `java` has where they are known synonyms. */
function asJava(value: unknown, java: unknown): unknown {
  if (Buffer.isBuffer(value)) return java === '' ? '' : value.toString('base64') // record batches are left out there
  if (Array.isArray(value)) return value.map((item, i) => asJava(item, (java as unknown[])[i]))
  if (typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)) return Buffer.from(value, 'hex').toString('base64url')
  if (typeof value === 'boolean' && typeof java === 'number') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  const javaFields = Object.entries(java as object)
  return Object.fromEntries(
    Object.entries(value).map(([name, field], i) => {
      const [javaName, javaField] = javaFields[i] ?? [name, undefined]
      return [protocolNames[name]?.includes(javaName) ? javaName : name, asJava(field, javaField)]
    }),
  )
}

describe.each(sides)('$name $api.version $side', ({ name, side, api, schema }) => {
  const message = javaMessages.find((one) => one.api === name && one.version === api.version && one.side === side)!
  const bytes = Buffer.from(message.hex, 'hex')

  it('has the bytes and the fields that the Java client knows', () => {
    const reader = new Reader(bytes, api.flexible)
    const value = schema.read(reader)
    expect(reader.remaining).toBe(0)
    expect(asJava(value, message.java)).toEqual(message.java)
    expect(encode(schema, value, api.flexible).toString('hex')).toBe(message.hex)
  })

  it('comes back for any values', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (stream) => {
        const random = () => stream.next().value as number
        const value = schema.read(new DreamReader(api.flexible, { random, maxLength: 3 }))
        const reader = new Reader(encode(schema, value, api.flexible), api.flexible)
        expect(schema.read(reader)).toEqual(value)
        expect(reader.remaining).toBe(0)
      }),
      { seed: 7, numRuns: 20 },
    )
  })

  it('is malformed when bytes are missing at its end', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => schema.read(new Reader(bytes.subarray(0, length), api.flexible))).toThrow(MalformedMessageError)
    }
  })

  it('is read or malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const reader = new Reader(Buffer.from(noise), api.flexible)
        try {
          schema.read(reader)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError)
        }
      }),
      { seed: 7, numRuns: 200 },
    )
  })
})
