import { serdes } from '../../lib/serde/index.ts'
import { responseSerde, type Subscription, subscriptionSerde } from '../../topology/foreign-key-formats.ts'
import { loadData } from '../data/load.ts'

interface SubscriptionVector {
  readonly input: Omit<Subscription<string>, 'hash' | 'instruction'> & {
    readonly hash: readonly string[] | null
    readonly instruction: string
  }
  readonly hex: string
}

interface ResponseVector {
  readonly input: { readonly hash: readonly string[] | null; readonly foreignValue: string | null }
  readonly hex: string
}

const vectors = loadData<{ fkSubscription: readonly SubscriptionVector[]; fkResponse: readonly ResponseVector[] }>(
  'foreign-key.json.gz',
)
const INSTRUCTIONS = [
  'DELETE_KEY_NO_PROPAGATE',
  'DELETE_KEY_AND_PROPAGATE',
  'PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE',
  'PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE',
]
const S = serdes.string()
const hashOf = (halves: readonly string[] | null) =>
  halves === null ? null : Buffer.from(halves.map((half) => half.padStart(16, '0')).join(''), 'hex')

describe('subscriptions and responses of foreign-key joins', () => {
  const subscriptions = subscriptionSerde({ key: S, value: S, foreignKey: S })
  const responses = responseSerde(S)

  it.each(vectors.fkSubscription.map((vector) => [vector.hex, vector] as const))('are Java’s: %s', (hex, { input }) => {
    const { hash, instruction, ...rest } = input
    const subscription = {
      ...rest,
      hash: hashOf(hash),
      instruction: INSTRUCTIONS.indexOf(instruction),
    } as Subscription<string>

    expect(subscriptions.serialize('t', subscription).toString('hex')).toBe(hex)
    expect(subscriptions.deserialize('t', Buffer.from(hex, 'hex'))).toEqual(subscription)
  })

  it.each(vectors.fkResponse.map((vector) => [vector.hex, vector] as const))('are Java’s: %s', (hex, { input }) => {
    const response = { hash: hashOf(input.hash), foreignValue: input.foreignValue, primaryPartition: null }

    expect(responses.serialize('t', response).toString('hex')).toBe(hex)
    expect(responses.deserialize('t', Buffer.from(hex, 'hex'))).toEqual(response)
  })

  it.each([
    ['a subscription of a later version', () => subscriptions.deserialize('t', Buffer.from('820000000000', 'hex'))],
    ['a subscription that is cut off', () => subscriptions.deserialize('t', Buffer.from('0102aabb', 'hex'))],
    ['a response of a later version', () => responses.deserialize('t', Buffer.from('81', 'hex'))],
    ['a response that is cut off', () => responses.deserialize('t', Buffer.from('00aabb', 'hex'))],
    ['no bytes', () => responses.deserialize('t', Buffer.alloc(0))],
  ])('%s is refused', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'STREAMS_DESERIALIZATION' }))
  })

  it('prepares and starts the serdes within, under the names that Java gives their topics', async () => {
    const calls: string[] = []
    const noting = (name: string) => ({
      ...S,
      prepare: async (topic: string, bytes: Buffer) => void calls.push(`prepare ${name} ${topic} ${bytes}`),
      start: async (topics: readonly string[]) => void calls.push(`start ${name} ${topics}`),
    })
    const serde = subscriptionSerde({ key: noting('key'), value: noting('value'), foreignKey: noting('fk') })
    const bytes = serde.serialize('t', { version: 1, instruction: 2, hash: null, primaryKey: 'k', primaryPartition: 3 })
    await serde.start?.(['t'])
    await serde.prepare?.('t', bytes)
    await responseSerde(noting('right')).prepare?.('r', Buffer.concat([Buffer.of(0x80), Buffer.from('v')]))

    expect(calls).toEqual([
      'start key t-pk',
      'start fk t-fk',
      'start value t-vh',
      'prepare key t-pk k',
      'prepare right r v',
    ])
  })
})
