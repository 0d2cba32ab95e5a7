// What the recorded cases of foreign-key joins do not show: several partitions, promises, wrong arguments.

import { seededRandom } from '../../integration/support/random.ts'
import { murmur3 } from '../../lib/core/murmur3.ts'
import { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { ForeignKeyJoinOptions } from '../../topology/options.ts'
import { ForeignKeyResolveProcessor } from '../../topology/processors/foreign-key-resolve.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { strings } from './support/strings.ts'

const S = serdes.string()

interface Join {
  readonly left?: boolean
  readonly options?: ForeignKeyJoinOptions<string, string, string>
}

/** Orders, whose value begins with a customer's id, with the customers. */
function ordersWithCustomers({ left = false, options = {} }: Join = {}): Topology {
  const builder = new StreamsBuilder()
  const orders = builder.table('orders', strings)
  const customers = builder.table('customers', strings)
  const customerOf = (order: string) => (order.startsWith('-') ? null : order.split('|')[0]!)
  const joined = left
    ? orders.leftJoinOnForeignKey(customers, customerOf, (order, customer) => `${order}@${customer}`, options)
    : orders.joinOnForeignKey(customers, customerOf, (order, customer) => `${order}@${customer}`, options)
  joined.toStream().to('out', strings)
  return builder.build()
}

/** What the join of these tables is. */
function model(
  orders: ReadonlyMap<string, string>,
  customers: ReadonlyMap<string, string>,
  left: boolean,
): ReadonlyMap<string, string> {
  const joined = new Map<string, string>()
  for (const [id, order] of orders) {
    const customer = order.startsWith('-') ? undefined : customers.get(order.split('|')[0]!)
    if (customer !== undefined || left) joined.set(id, `${order}@${customer ?? null}`)
  }
  return joined
}

describe.each([
  { orders: 1, customers: 1 },
  { orders: 3, customers: 3 },
  { orders: 3, customers: 2 },
  { orders: 1, customers: 4 },
])('a foreign-key join of $orders partitions with $customers', (partitions) => {
  it.each([{ left: false }, { left: true }])(
    'is that of the tables, whatever order they change in (left: $left)',
    async ({ left }) => {
      await using driver = new TopologyTestDriver(ordersWithCustomers({ left }), {
        partitions: { ...partitions, out: partitions.orders },
      })
      const random = seededRandom(7)
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
      const orderTopic = driver.createInputTopic<string, string | null>('orders')
      const customerTopic = driver.createInputTopic<string, string | null>('customers')
      const orders = new Map<string, string>()
      const customers = new Map<string, string>()
      for (let timestamp = 0; timestamp < 300; timestamp++) {
        const isOrder = random() < 0.6
        const key = isOrder ? `o${Math.floor(random() * 20)}` : `c${Math.floor(random() * 6)}`
        const fresh = isOrder
          ? `${pick(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c9', '-'])}|${timestamp}`
          : `C${timestamp}`
        const value = random() < 0.2 ? null : fresh
        const table = isOrder ? orders : customers
        if (value === null) table.delete(key)
        else table.set(key, value)
        await (isOrder ? orderTopic : customerTopic).pipeInput({ key, value, timestamp })
      }
      const result = new Map(driver.createOutputTopic<string, string | null>('out').readKeyValuesToMap())
      for (const [key, value] of [...result]) if (value === null) result.delete(key)

      expect(result).toEqual(model(orders, customers, left))
      expect(result.size).toBeGreaterThan(5)
    },
  )
})

describe('a foreign-key join', () => {
  it('sends each answer to the partition that asked, also where keys do not decide it', async () => {
    await using driver = new TopologyTestDriver(ordersWithCustomers(), {
      partitions: { orders: 3, customers: 2, out: 3 },
    })
    const orders = driver.createInputTopic<string, string>('orders')
    await driver.createInputTopic<string, string>('customers').pipeInput({ key: 'c', value: 'Cara', timestamp: 1 })
    for (const partition of [0, 1, 2])
      await orders.pipeInput({ key: `o${partition}`, value: 'c|1', timestamp: 2, partition })
    const answers = driver.createOutputTopic('test-driver-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic', {
      key: S,
      value: serdes.bytes(),
    })

    const places = answers.readRecordsToList().map(({ key, partition }) => [key, partition])
    expect(places.sort()).toEqual([
      ['o0', 0],
      ['o1', 1],
      ['o2', 2],
    ])
  })

  it('asks and answers by partitioners, if both topics are partitioned by other rules', async () => {
    const byLast = (_: string, key: string, __: null, count: number) => Number(key.at(-1)) % count
    const topology = ordersWithCustomers({ options: { name: 'fk', partitioner: byLast, otherPartitioner: byLast } })
    await using driver = new TopologyTestDriver(topology, { partitions: { orders: 3, customers: 4, out: 3 } })
    for (let n = 0; n < 4; n++) {
      const [customer, order] = [`c${n}`, `o${n}`]
      await driver
        .createInputTopic<string, string>('customers')
        .pipeInput({ key: customer, value: `C${n}`, timestamp: 1, partition: n })
      await driver
        .createInputTopic<string, string>('orders')
        .pipeInput({ key: order, value: `${customer}|1`, timestamp: 2, partition: n % 3 })
    }

    const asked = driver.createOutputTopic('test-driver-fk-subscription-registration-topic', {
      key: S,
      value: serdes.bytes(),
    })
    expect(
      asked
        .readRecordsToList()
        .map(({ key, partition }) => `${key} in ${partition}`)
        .sort(),
    ).toEqual(['c0 in 0', 'c1 in 1', 'c2 in 2', 'c3 in 3'])
    expect(driver.createOutputTopic<string, string>('out').readKeyValuesToMap()).toEqual(
      new Map([0, 1, 2, 3].map((n) => [`o${n}`, `c${n}|1@C${n}`])),
    )
  })

  it('takes callbacks that return promises', async () => {
    const builder = new StreamsBuilder()
    builder
      .table('orders', strings)
      .joinOnForeignKey(
        builder.table('customers', strings).mapValues(async (name) => name.toUpperCase(), { value: S }),
        async (order) => order.split('|')[0]!,
        async (order, customer) => `${order}@${customer}`,
      )
      .toStream()
      .to('out', strings)
    await using driver = new TopologyTestDriver(builder.build())
    const customers = driver.createInputTopic<string, string>('customers')
    const orders = driver.createInputTopic<string, string>('orders')
    await orders.pipeInput({ key: 'o1', value: 'c|1', timestamp: 1 })
    await orders.pipeInput({ key: 'o2', value: 'c|2', timestamp: 2 })
    await customers.pipeInput({ key: 'c', value: 'cara', timestamp: 3 })
    await orders.pipeInput({ key: 'o1', value: 'c|3', timestamp: 4 })

    expect(driver.createOutputTopic<string, string>('out').readKeyValuesToList()).toEqual([
      ['o1', 'c|1@CARA'],
      ['o2', 'c|2@CARA'],
      ['o1', 'c|3@CARA'],
    ])
  })

  it('tells all of many subscribers, by the bytes of their keys', async () => {
    await using driver = new TopologyTestDriver(ordersWithCustomers())
    const orders = driver.createInputTopic<string, string>('orders')
    const ids = Array.from({ length: 1_000 }, (_, i) => `order-${(i * 7919) % 1_000}`)
    for (const [i, key] of ids.entries()) await orders.pipeInput({ key, value: `c|${i}`, timestamp: i })
    await driver.createInputTopic<string, string>('customers').pipeInput({ key: 'c', value: 'C', timestamp: 5_000 })

    const told = driver
      .createOutputTopic<string, string>('out')
      .readKeyValuesToList()
      .map(([key]) => key)
    expect(told).toEqual([...ids].sort())
  }, 30_000)

  it('drops, and counts, rows without a foreign key in an inner join', async () => {
    await using driver = new TopologyTestDriver(ordersWithCustomers())
    const orders = driver.createInputTopic<string, string>('orders')
    await orders.pipeInput({ key: 'o1', value: '-|nobody', timestamp: 1 })

    expect(driver.metrics().recordsDropped).toMatchObject({ 'null-join-key': 1 })
  })

  it('drops, and counts, answers to rows that have changed meanwhile', () => {
    const forwarded: unknown[] = []
    const dropped: string[] = []
    const rows = new Map([['o1', { value: 'now', timestamp: 1 }]])
    const resolve = new ForeignKeyResolveProcessor<string, string, string, string>({
      node: 'resolve',
      view: {
        storeNames: [],
        open: () => ({ versioned: false, get: (key) => rows.get(key), getAsOf: () => undefined }),
      },
      joiner: (order, customer) => `${order}@${customer}`,
      left: true,
      value: S,
      topic: 't',
    })
    resolve.init({
      applicationId: 'app',
      drop: (cause: string) => dropped.push(cause),
      forward: (record: StreamRecord<string, string>) => void forwarded.push(record.value),
    } as any)
    const answer = (hash: Buffer | null) =>
      resolve.process(new StreamRecord('o1', { hash, foreignValue: 'C', primaryPartition: null }, 2))
    answer(murmur3(Buffer.from('before')))
    answer(null)
    answer(murmur3(Buffer.from('now')))

    expect(dropped).toEqual(['stale-response', 'stale-response'])
    expect(forwarded).toEqual(['now@C'])
  })

  it.each([
    ['no selector', (b: StreamsBuilder) => join(b, undefined as any)],
    ['no joiner', (b: StreamsBuilder) => join(b, () => 'c', null as any)],
    [
      'a partitioner that is none',
      (b: StreamsBuilder) =>
        join(
          b,
          () => 'c',
          () => 'x',
          { partitioner: 3 as any },
        ),
    ],
    [
      'a table of another builder',
      (b: StreamsBuilder) =>
        b.table('orders', strings).joinOnForeignKey(
          new StreamsBuilder().table('c', strings),
          () => 'c',
          () => 'x',
        ),
    ],
    [
      'no table',
      (b: StreamsBuilder) =>
        b.table('orders', strings).joinOnForeignKey(
          null as any,
          () => 'c',
          () => 'x',
        ),
    ],
  ])('refuses %s', (_, call) => {
    expect(() => call(new StreamsBuilder())).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT' }))
  })

  it('says which serde is missing', () => {
    const builder = new StreamsBuilder()
    const orders = builder.table('orders', strings).mapValues((v) => v)
    orders
      .joinOnForeignKey(
        builder.table('customers', strings),
        (v) => v,
        (v) => v,
      )
      .toStream()
      .to('out', strings)
    expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'STREAMS_MISSING_SERDE', option: 'value' }))
  })

  it('stops at a selector that forgets its return', async () => {
    const builder = new StreamsBuilder()
    join(builder, (() => {}) as any)
    await using driver = new TopologyTestDriver(builder.build())
    await expect(
      driver.createInputTopic<string, string>('orders').pipeInput({ key: 'o', value: 'c|1', timestamp: 1 }),
    ).rejects.toMatchObject({ code: 'STREAMS_CALLBACK_RESULT' })
  })

  function join(
    builder: StreamsBuilder,
    selector: (order: string) => string,
    joiner: (order: string, customer: string) => string = (order) => order,
    options: ForeignKeyJoinOptions<string, string, string> = {},
  ) {
    const customers = builder.table('customers', strings)
    return builder.table('orders', strings).joinOnForeignKey(customers, selector, joiner, options)
  }
})
