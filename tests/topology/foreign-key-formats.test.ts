import { serdes } from '../../lib/serde/index.ts'
import { subscriptionStore } from '../../stores/grouped/subscription-store.ts'
import { responseSerde, type Subscription, subscriptionSerde } from '../../topology/foreign-key-formats.ts'
import { type JavaBytes, javaBytesOf } from '../data/java-bytes.ts'
import { collect, FakeTask } from '../stores/fake-task.ts'

type Hash = readonly string[] | null
type SubscriptionBytes = JavaBytes<
  Omit<Subscription<string>, 'hash' | 'instruction'> & { readonly hash: Hash; readonly instruction: string }
>
type ResponseBytes = JavaBytes<{ readonly hash: Hash; readonly foreignValue: string | null }>

const titled = <V extends JavaBytes>(group: string) =>
  javaBytesOf<V>(group).map((vector) => [vector.hex, vector] as const)
const INSTRUCTIONS = [
  'DELETE_KEY_NO_PROPAGATE',
  'DELETE_KEY_AND_PROPAGATE',
  'PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE',
  'PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE',
]
const S = serdes.string()
const hashOf = (halves: Hash) =>
  halves === null ? null : Buffer.from(halves.map((half) => half.padStart(16, '0')).join(''), 'hex')

describe('subscriptions and responses of foreign-key joins', () => {
  const subscriptions = subscriptionSerde({ key: S, value: S, foreignKey: S })
  const responses = responseSerde(S)

  it.each(titled<SubscriptionBytes>('fkSubscription'))('are Java’s: %s', (hex, { input }) => {
    const { hash, instruction, ...rest } = input
    const subscription = {
      ...rest,
      hash: hashOf(hash),
      instruction: INSTRUCTIONS.indexOf(instruction),
    } as Subscription<string>

    expect(subscriptions.serialize('t', subscription).toString('hex')).toBe(hex)
    expect(subscriptions.deserialize('t', Buffer.from(hex, 'hex'))).toEqual(subscription)
  })

  it.each(titled<ResponseBytes>('fkResponse'))('are Java’s: %s', (hex, { input }) => {
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

describe('the keys of subscriptions in the changelog', () => {
  const subscription = Buffer.from('subscription')
  async function store() {
    const task = await FakeTask.inMemory(0)
    return { task, subscriptions: task.build(subscriptionStore('subscriptions')) }
  }

  it.each(titled('fkCombinedKey'))('are Java’s: %s', async (hex, { input }) => {
    const [foreignKey, primaryKey] = [Buffer.from(input.foreignKey), Buffer.from(input.primaryKey)]
    const { task, subscriptions } = await store()
    subscriptions.put(foreignKey, primaryKey, subscription, 7)
    subscriptions.delete(foreignKey, primaryKey, 8)

    expect(task.changelog.map(({ key }) => key.toString('hex'))).toEqual([hex, hex])

    const key = Buffer.from(hex, 'hex')
    subscriptions.restore({ key, value: subscription, timestamp: 7, offset: 0, headers: [] })

    expect([...subscriptions.subscribers(foreignKey)]).toEqual([[primaryKey, subscription]])
    expect(await collect(subscriptions.all())).toEqual([[key, { value: subscription, timestamp: 7 }]])
  })

  it.each(titled('fkCombinedKeyPrefix'))('of one foreign key begin with %s', async (prefix, { input }) => {
    const foreignKey = Buffer.from(input.foreignKey)
    const { task, subscriptions } = await store()
    for (const primaryKey of ['', 'a']) subscriptions.put(foreignKey, Buffer.from(primaryKey), subscription, 7)

    expect(task.changelog.map(({ key }) => key.toString('hex'))).toEqual([prefix, `${prefix}61`])
  })
})
