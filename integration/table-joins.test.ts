// A foreign-key join of two tables with different partition counts, then a join with a global table, on a real broker: through a second instance, stops and lost state directories the last
// result of each order is what the three topics say.
import { partitionFor } from '../lib/core/murmur2.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { StreamsBuilder, serdes, type Topology } from '../lib/index.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { Instances } from './support/instances.ts'
import { seededRandom } from './support/random.ts'

const PARTITIONS = { orders: 4, customers: 3, countries: 2, out: 4 }
type Table = 'orders' | 'customers' | 'countries'
type Topics = Readonly<Record<keyof typeof PARTITIONS, string>>

const strings = { key: serdes.string(), value: serdes.string() }
const after = (text: string, sign: string) => text.slice(text.indexOf(sign) + 1)

/** An order's value begins with its customer, a customer's ends with its country. */
function topology({ orders, customers, countries, out }: Topics): Topology {
  const builder = new StreamsBuilder()
  const names = builder.globalTable(countries, { ...strings, store: 'countries' })
  builder
    .table(orders, strings)
    .leftJoinOnForeignKey(
      builder.table(customers, strings),
      (order) => order.split('|')[0]!,
      (order, customer) => `${order}@${customer}`,
      { ...strings, name: 'fk', store: 'joined' },
    )
    .toStream()
    .leftJoin(
      names,
      (joined) => after(joined, '~'),
      (joined, country) => `${joined}#${country}`,
    )
    .to(out, strings)
  return builder.build()
}

describeWithBroker('a foreign-key join and a global table', (brokers) => {
  it('are what their topics say, over restarts, a change of the group and lost state directories', async () => {
    const cluster = new TestCluster()
    const applicationId = freshName('tables')
    const instances = new Instances(brokers, applicationId)
    const random = seededRandom(5)
    const tables: Record<Table, Map<string, string>> = {
      orders: new Map(),
      customers: new Map(),
      countries: new Map(),
    }
    try {
      const topics = Object.fromEntries(
        await Promise.all(
          Object.entries(PARTITIONS).map(async ([name, count]) => [name, await cluster.createTopic(count, name)]),
        ),
      ) as Topics
      const producer = cluster.client.producer({})
      await producer.init()
      const put = (table: Table, key: string, value: string | null) => {
        if (value === null) tables[table].delete(key)
        else tables[table].set(key, value)
        const bytes = Buffer.from(key)
        const partition = partitionFor(bytes, PARTITIONS[table])
        producer.send(
          topics[table],
          partition,
          bytes,
          value === null ? null : Buffer.from(value),
          1_700_000_000_000,
          NO_HEADERS,
        )
      }
      const change = async (times: number) => {
        for (let i = 0; i < times; i++) {
          const customer = `c${Math.floor(random() * 60)}`
          if (random() < 0.6) put('orders', `o${Math.floor(random() * 500)}`, `${customer}|${i}`)
          else put('customers', customer, random() < 0.1 ? null : `name ${i}~n${Math.floor(random() * 8)}`)
        }
        await producer.flush()
      }
      const start = (name: string) => instances.start(name, topology(topics))
      const caughtUp = () =>
        cluster.caughtUp(applicationId, [
          topics.orders,
          topics.customers,
          `${applicationId}-fk-subscription-registration-topic`,
          `${applicationId}-fk-subscription-response-topic`,
        ])
      const results = async () =>
        new Map((await cluster.readCommitted(topics.out)).map(({ key, value }) => [`${key}`, `${value}`]))
      const truth = () =>
        new Map(
          [...tables.orders].map(([id, order]) => {
            const joined = `${order}@${tables.customers.get(order.split('|')[0]!) ?? null}`
            return [id, `${joined}#${tables.countries.get(after(joined, '~')) ?? null}`]
          }),
        )

      for (let n = 0; n < 8; n++) put('countries', `n${n}`, `Country ${n}`)
      await change(2_000)
      const first = await start('a')
      const second = await start('b')
      await change(2_000)
      await caughtUp()
      expect(await results()).toEqual(truth())

      // Both instances follow the global table: all orders are asked again until the new name is in all results.
      put('countries', 'n3', 'Renamed')
      await until('the new name is in all results', async () => {
        for (const [id, order] of [...tables.orders]) put('orders', id, order)
        await producer.flush()
        await caughtUp()
        const [now, wanted] = [await results(), truth()]
        return [...wanted].every(([id, value]) => now.get(id) === value)
      })
      expect([...truth().values()].some((value) => value.endsWith('#Renamed'))).toBe(true)

      await instances.stop(second)
      await change(1_000)
      await instances.stop(first)
      put('countries', 'n4', null)
      instances.loseState('a')
      const third = await start('a')
      for (const [id, order] of [...tables.orders]) put('orders', id, order)
      await change(500)
      for (const [id, order] of [...tables.orders]) put('orders', id, order)
      await producer.flush()
      await caughtUp()
      expect(await results()).toEqual(truth())
      const restored = (store: string) =>
        third.restored.filter((event) => event.store === store).reduce((sum, { records }) => sum + records, 0)
      expect(restored('countries')).toBe(10)
      expect(restored('fk-subscription-store')).toBeGreaterThan(100)
      await instances.stop(third)
      await producer.close()
    } finally {
      await instances.close()
      await cluster.close()
    }
  }, 180_000)
})
