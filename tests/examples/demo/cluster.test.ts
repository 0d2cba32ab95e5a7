// What surrounds the topology in the demo, on a cluster in memory.
import { createTopics, flightsIn, indexOf, placeOf, producedBefore } from '../../../examples/demo/cluster.ts'
import { DelaysReader } from '../../../examples/demo/delays-reader.ts'
import { FlightProducer, type FlightProducerOptions } from '../../../examples/demo/flight-producer.ts'
import { flightAt, readAirports, readFlights } from '../../../examples/demo/flights.ts'
import { delays, topicsOf } from '../../../examples/demo/topology.ts'
import { type Client, memoryCluster, silentLogger, systemClock } from '../../../lib/index.ts'
import { until } from '../../support/until.ts'

const TOPICS = topicsOf('test')
const FLIGHTS = readFlights()
const going = new AbortController().signal

describe('the flights', () => {
  it('are 20 000, in order of departure, from airports with names', () => {
    const names = readAirports()
    expect(FLIGHTS).toHaveLength(20_000)
    expect(FLIGHTS.every(({ at }, i) => i === 0 || at >= FLIGHTS[i - 1]!.at)).toBe(true)
    expect(FLIGHTS.every(({ origin }) => (names.get(origin) ?? '') !== '')).toBe(true)
    expect(names.get('CLD')).toBe('MC Clellan-Palomar Airport')
  })

  it('begin again, later, when all have departed', () => {
    const [first, again, third] = [0, 20_000, 40_000].map((index) => flightAt(FLIGHTS, index))
    expect(again).toEqual({ ...first, at: again!.at })
    expect(again!.at).toBeGreaterThan(FLIGHTS.at(-1)!.at)
    expect(third!.at - again!.at).toBe(again!.at - first!.at)
  })
})

describe('places in the flights topic', () => {
  it('are one each, in order within a partition', () => {
    for (const index of [0, 1, 3, 4, 1_234]) {
      const { partition, offset } = placeOf(index)
      expect(indexOf(partition, offset)).toBe(index)
    }
  })

  it.each([
    { lengths: [0, 0, 0, 0], flights: 0 },
    { lengths: [1, 0, 0, 0], flights: 1 },
    { lengths: [2, 2, 2, 2], flights: 8 },
    { lengths: [2, 2, 1, 1], flights: 6 },
    { lengths: [1, 1, 1, 3], flights: 12 },
  ])('$lengths hold $flights flights, with what is missing among them', ({ lengths, flights }) => {
    expect(flightsIn(lengths)).toBe(flights)
  })
})

describe('around the topology', () => {
  let cluster: ReturnType<typeof memoryCluster>
  let client: Client
  beforeEach(async () => {
    cluster = memoryCluster()
    client = cluster.connect({ clientId: 'test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 10_000 })
    await createTopics(client, TOPICS)
  })
  afterEach(() => client.close())

  const producer = (options: Partial<FlightProducerOptions>) =>
    new FlightProducer({
      client,
      topics: TOPICS,
      flight: (index) => flightAt(FLIGHTS, index),
      total: 40,
      before: [0, 0, 0, 0],
      rate: undefined,
      counted: () => 0,
      ...options,
    })

  it('the producer puts every flight into its place', async () => {
    await producer({ total: 41 }).run(going)
    expect(await producedBefore(client, TOPICS)).toEqual([11, 10, 10, 10])
    const records = cluster.records(TOPICS.flights, 1)
    expect(JSON.parse(records[3]!.value!.toString())).toEqual(FLIGHTS[13])
    expect(records[3]!.timestamp).toBe(FLIGHTS[13]!.at)
  })

  it('the producer adds what an earlier one has left out, and no more', async () => {
    await producer({ total: 5 }).run(going)
    // One that was killed before two partitions had theirs.
    cluster.deleteTopic(TOPICS.flights)
    await createTopics(client, TOPICS)
    const raw = client.producer({})
    await raw.init()
    for (const partition of [0, 0, 2]) raw.send(TOPICS.flights, partition, null, Buffer.from('{}'), 0, [])
    await raw.close()
    const before = await producedBefore(client, TOPICS)
    await producer({ total: 8, before }).run(going)
    expect(await producedBefore(client, TOPICS)).toEqual([2, 2, 2, 2])
  })

  it('the producer stops where it is held, and goes on when it is released', async () => {
    const held = producer({ total: 2_000 })
    held.holdAt(700)
    const running = held.run(going)
    await until('it has got there', () => held.produced === 700)
    const sum = async () => (await producedBefore(client, TOPICS)).reduce((all, length) => all + length, 0)
    await until('these are there', async () => (await sum()) === 700)
    held.release()
    await running
    expect(await sum()).toBe(2_000)
  })

  it('the producer does not run further ahead of the results than it may', async () => {
    let counted = 0
    const ahead = producer({ total: 30_000, counted: () => counted })
    const running = ahead.run(going)
    await until('it waits', () => ahead.produced === 20_000)
    counted = 4_000
    await until('it goes on', () => ahead.produced === 24_000)
    counted = 30_000
    await running
  })

  it('the producer ends when it is told to', async () => {
    const stop = new AbortController()
    const running = producer({ total: 1_000_000, rate: 1 }).run(stop.signal)
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  it('the reader takes committed results, the last one of each airport, and notes those that do not rise', async () => {
    const reader = new DelaysReader(client, TOPICS)
    const raw = client.producer({})
    await raw.init()
    for (const [airport, flights] of [
      ['ORD', 1],
      ['ORD', 3],
      ['LAX', 2],
      ['ORD', 3],
      ['ORD', 2],
      ['ORD', 4],
    ] as const) {
      const value = delays.serialize(TOPICS.delays, { flights, totalMin: flights * 10 })
      raw.send(TOPICS.delays, 0, Buffer.from(airport), value, 0, [])
    }
    await raw.flush()
    await until('all are read', () => {
      reader.take()
      return reader.read === 6
    })
    expect(reader.counted).toBe(6)
    expect(reader.latest).toEqual(
      new Map([
        ['ORD', { flights: 4, totalMin: 40 }],
        ['LAX', { flights: 2, totalMin: 20 }],
      ]),
    )
    expect(reader.notRisen).toEqual(['ORD: 3, then 3', 'ORD: 3, then 2'])
    await reader.close()
  })
})
