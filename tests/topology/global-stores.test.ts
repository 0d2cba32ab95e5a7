import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { KeyValueStore, TimestampedKeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { Topology } from '../../topology/topology.ts'
import { strings } from './support/strings.ts'

type Texts = KeyValueStore<string, string>

const limits = () => stores.keyValue('limits', strings)
const keep = (context: ProcessorContext) => {
  const kept = context.store<Texts>('limits')
  return { process: ({ key, value }: { key: string; value: string }) => kept.put(key, value) }
}
const filled = { ...strings, source: 'limits-source', processor: 'limits-processor', topic: 'limits', create: keep }

/** Answers each record of `in` with what the store has for it. */
function asking(topology: Topology, storeNames: readonly string[] = []): Topology {
  return topology
    .addSource('source', { ...strings, topics: 'in' })
    .addProcessor<string, string, string, string>('ask', {
      parents: 'source',
      stores: storeNames,
      create: (context) => {
        const kept = context.store<Texts>('limits')
        return { process: (record) => context.forward(record.withValue(kept.get(record.value) ?? 'none')) }
      },
    })
    .addSink('sink', { ...strings, parents: 'ask', topic: 'out' })
}

describe('a global store in the test driver', () => {
  it.each([
    ['without being named', []],
    ['also if it is named', ['limits']],
  ])('is read by processors %s', async (_, names) => {
    await using driver = new TopologyTestDriver(asking(new Topology().addGlobalStore(limits(), filled), names), {
      partitions: { limits: 3 },
    })
    const input = driver.createInputTopic<string, string>('limits')
    for (const key of ['a', 'b', 'c', 'd', 'e']) await input.pipeInput({ key, value: `<${key}>`, timestamp: 1 })
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f'])
      await driver.createInputTopic<string, string>('in').pipeInput({ key: 'k', value: key, timestamp: 1 })

    const answers = driver.createOutputTopic('out', strings).readValuesToList()
    expect(answers).toEqual(['<a>', '<b>', '<c>', '<d>', '<e>', 'none'])
    expect(await driver.getKeyValueStore<string, string>('limits')?.approximateEntryCount()).toBe(5)
    expect([...driver.getAllStateStores().keys()]).toEqual(['limits'])
    expect(driver.producedTopicNames()).toEqual(['out'])
  })

  it('takes at once what the topology itself writes to its topic', async () => {
    const builder = new StreamsBuilder()
    const latest = builder.globalTable('latest', { ...strings, store: 'latest' })
    const stream = builder.stream('in', strings)
    stream
      .leftJoin(
        latest,
        (_, key) => key,
        (now, before) => `${before} then ${now}`,
      )
      .to('out', strings)
    stream.to('latest')
    await using driver = new TopologyTestDriver(builder.build())
    for (const [timestamp, value] of ['1', '2', '3'].entries())
      await driver.createInputTopic<string, string>('in').pipeInput({ key: 'a', value, timestamp })

    expect(driver.createOutputTopic('out', strings).readValuesToList()).toEqual(['null then 1', '1 then 2', '2 then 3'])
    const store: TimestampedKeyValueStore<string, string> | undefined = driver.getTimestampedKeyValueStore('latest')
    expect(store?.get('a')).toEqual({ value: '3', timestamp: 2 })
  })

  it('drops, and counts, null keys, and deletes for null values', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('latest', { ...strings, store: 'latest' })
    await using driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic<string | null, string | null>('latest')
    await input.pipeInput({ key: null, value: 'x', timestamp: 1 })
    await input.pipeInput({ key: 'a', value: 'x', timestamp: 2 })
    await input.pipeInput({ key: 'a', value: null, timestamp: 3 })

    expect(driver.metrics().recordsDropped['null-key']).toBe(1)
    expect(driver.getTimestampedKeyValueStore('latest')?.get('a')).toBeUndefined()
  })

  it('cannot be scheduled for by what fills it', async () => {
    const topology = new Topology().addGlobalStore(limits(), {
      ...filled,
      create: (context) => {
        context.schedule({ everyMs: 1, time: 'stream' }, () => {})
        return keep(context)
      },
    })
    const driver = new TopologyTestDriver(topology)
    await expect(
      driver.createInputTopic<string, string>('limits').pipeInput({ key: 'a', value: 'b', timestamp: 1 }),
    ).rejects.toMatchObject({ code: 'STREAMS_INVARIANT', message: expect.stringContaining('limits-processor') })
    await driver.close()
  })
})

describe('global stores of a topology', () => {
  it('take numbers of sub-topologies, as in Java, and make no tasks', () => {
    const builder = new StreamsBuilder()
    builder.stream('a', strings).to('b')
    builder.globalTable('g', strings)
    builder.stream('c', strings).to('d')
    const { subtopologies, globalStores } = builder.build().physical()

    expect(subtopologies.map(({ id }) => id)).toEqual([0, 2])
    expect(globalStores.map(({ store }) => store.name)).toEqual(['g-STATE-STORE-0000000002'])
  })

  it.each([
    [
      'a store name twice',
      'STREAMS_DUPLICATE_STORE',
      () =>
        new Topology()
          .addGlobalStore(limits(), filled)
          .addGlobalStore(limits(), { ...filled, source: 'x', processor: 'y', topic: 'z' }),
    ],
    [
      'a store name that a task’s store has',
      'STREAMS_DUPLICATE_STORE',
      () => asking(new Topology().addGlobalStore(limits(), filled)).addStateStore(limits(), 'ask'),
    ],
    [
      'a topic that a source reads',
      'STREAMS_DUPLICATE_SOURCE_TOPIC',
      () => asking(new Topology()).addGlobalStore(limits(), { ...filled, topic: 'in' }),
    ],
    [
      'a node name twice',
      'STREAMS_DUPLICATE_NODE',
      () => asking(new Topology()).addGlobalStore(limits(), { ...filled, processor: 'ask' }),
    ],
    [
      'no processor',
      'STREAMS_INVALID_ARGUMENT',
      () => new Topology().addGlobalStore(limits(), { ...filled, create: undefined as any }),
    ],
    [
      'no serde',
      'STREAMS_MISSING_SERDE',
      () => new Topology().addGlobalStore(limits(), { ...filled, key: undefined as any }),
    ],
    [
      'no serde of a table',
      'STREAMS_MISSING_SERDE',
      () => {
        const builder = new StreamsBuilder()
        builder.globalTable('g', { key: strings.key } as any)
        builder.build()
      },
    ],
    ['a topic name that is none', 'STREAMS_INVALID_TOPIC_NAME', () => new StreamsBuilder().globalTable('a b', strings)],
  ])('refuse %s', (_, code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }))
  })
})
