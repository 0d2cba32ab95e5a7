// Joins of tables as applications run them: several partitions, caches, restarts, lost disks, aborted transactions. What the output topic says at the end must be the join of
// what the input topics say.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../integration/support/random.ts'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { partitionFor } from '../../lib/core/murmur2.ts'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { strings } from '../topology/support/strings.ts'

/** Orders, whose value is a customer's id and a number, with the customers; behind it, the orders of each customer counted. */
function ordersWithCustomers(): Topology {
  const builder = new StreamsBuilder()
  const orders = builder.table('orders', strings)
  const customers = builder.table('customers', strings)
  const joined = orders.leftJoinOnForeignKey(
    customers,
    (order) => order.split('|')[0]!,
    (order, customer) => `${order}@${customer}`,
    { ...strings, name: 'fk', store: 'joined' },
  )
  joined.toStream().to('out')
  joined
    .join(builder.table('notes', strings), (order, note) => `${order}+${note}`)
    .toStream()
    .to('noted', strings)
  return builder.build()
}

const THROUGH = [
  'orders',
  'customers',
  'notes',
  'app-fk-subscription-registration-topic',
  'app-fk-subscription-response-topic',
] as const
const PARTITIONS: Readonly<Record<string, number>> = { orders: 3, customers: 2, notes: 3 }

describe.each<ProcessingGuarantee>(['exactly_once', 'at_least_once'])('%s: joined tables', (processingGuarantee) => {
  let app: TestApp
  const tables = new Map<string, Map<string, string>>()
  let random: () => number
  beforeEach(() => {
    app = new TestApp({ processingGuarantee, requestTimeoutMs: 2_000 }).topics({ ...PARTITIONS, out: 1, noted: 1 })
    for (const table of Object.keys(PARTITIONS)) tables.set(table, new Map())
    random = seededRandom(11)
  })
  afterEach(() => app.close())

  /** Changes any of the tables. */
  async function change(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const topic = ['orders', 'customers', 'notes'][Math.floor(random() * 3)]!
      const key = topic === 'customers' ? `c${Math.floor(random() * 5)}` : `o${Math.floor(random() * 15)}`
      const made = topic === 'orders' ? `c${Math.floor(random() * 6)}|${i}` : `${topic}${i}`
      const value = random() < 0.15 ? null : made
      const table = tables.get(topic)!
      if (value === null) table.delete(key)
      else table.set(key, value)
      const partition = partitionFor(Buffer.from(key), PARTITIONS[topic]!)
      await app.produce(topic, { key, value, partition, timestamp: 1_700_000_000_000 + i })
    }
  }

  /** The join of the tables as they are now. */
  function truth(): { readonly out: ReadonlyMap<string, string>; readonly noted: ReadonlyMap<string, string> } {
    const customers = tables.get('customers')!
    const notes = tables.get('notes')!
    const out = new Map(
      [...tables.get('orders')!].map(([id, order]) => [id, `${order}@${customers.get(order.split('|')[0]!) ?? null}`]),
    )
    const noted = new Map([...out].flatMap(([id, order]) => (notes.has(id) ? [[id, `${order}+${notes.get(id)}`]] : [])))
    return { out, noted }
  }

  const present = (topic: string) => new Map([...app.latest(topic)].filter(([, value]) => value !== null))

  async function expectTruth(): Promise<void> {
    await app.caughtUp(...THROUGH)
    const { out, noted } = truth()
    expect(present('out')).toEqual(out)
    expect(present('noted')).toEqual(noted)
    expect(noted.size).toBeGreaterThan(3)
  }

  it('are joined, over topics of different partition counts, by two instances', async () => {
    const settings = { sessionTimeoutMs: 1_500 }
    await app.start(ordersWithCustomers(), 'a', settings)
    await app.start(ordersWithCustomers(), 'b', settings)
    await change(150)
    await expectTruth()
  })

  it('go on after a restart, and after the disk was lost, with who has asked for what', async () => {
    await change(100)
    await (await app.start(ordersWithCustomers())).close()
    await change(100)
    const second = await app.start(ordersWithCustomers())
    await expectTruth()
    await second.close()
    for (const folder of readdirSync(join(app.folder, 'a', 'app')))
      if (/^\d+_\d+$/.test(folder)) rmSync(join(app.folder, 'a', 'app', folder), { recursive: true })
    const third = await app.start(ordersWithCustomers())
    // Of all customers, so that each answer comes of a subscription that was restored.
    for (const key of ['c0', 'c1', 'c2', 'c3', 'c4']) {
      tables.get('customers')!.set(key, 'restored')
      await app.produce('customers', { key, value: 'restored', partition: partitionFor(Buffer.from(key), 2) })
    }
    await expectTruth()

    const restored = third.restored.filter(({ store }) => store === 'fk-subscription-store')
    expect(restored.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(10)
    expect([...present('out').values()].some((value) => value!.endsWith('@restored'))).toBe(true)
  })

  if (processingGuarantee === 'exactly_once') {
    it('start over from their last commit when transactions are aborted', async () => {
      const instance = await app.start(ordersWithCustomers())
      let aborts = 6
      app.cluster.intercept((exchange) => {
        if (aborts === 0 || exchange.api !== 'endTxn') return undefined
        aborts--
        return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
      })
      for (let i = 0; i < 6; i++) {
        await change(25)
        await app.caughtUp(...THROUGH)
      }
      await expectTruth()

      expect(aborts).toBe(0)
      expect(instance.logged('start over from their last commit')).toBeDefined()
    })
  }
})
