import { startSerdes } from '../../../lib/runtime/start-serdes.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'

/** A serde of strings that writes down which topics it is told. */
function told(): Serde<string> & { readonly topics: string[][] } {
  const topics: string[][] = []
  return {
    ...serdes.string(),
    serialize: (topic, text) => serdes.string().serialize(topic, text),
    deserialize: (topic, bytes) => serdes.string().deserialize(topic, bytes),
    topics,
    start: async (each) => {
      topics.push([...each].sort())
    },
  }
}

const key = serdes.string()

describe('a serde is told the topics that it will write', () => {
  it('of sinks, repartition topics and changelogs; not of what it only reads', async () => {
    const [read, value] = [told(), told()]
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key, value: read })
      .mapValues((text) => text, { value })
      .groupBy((text) => text, { key, value })
      .reduce((_, text) => text, { store: 'last', value })
      .toStream()
      .to('out', { key, value })
    await startSerdes(builder.build().physical(), 'app')

    expect(read.topics).toEqual([])
    expect(value.topics).toEqual([['app-last-changelog', 'app-last-repartition', 'out']])
  })

  it('of a table over its topic: that topic', async () => {
    const value = told()
    const builder = new StreamsBuilder()
    builder.table('users', { key, value, store: 'users-store' })
    const topology = builder.build({ optimization: 'all' }).physical()
    await startSerdes(topology, 'app')

    expect(value.topics).toEqual([['users']])
  })

  it('also where it is part of another one', async () => {
    const inner = told()
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: inner, value: key })
      .groupByKey({ key: inner, value: key })
      .windowedBy(windows.tumbling({ sizeMs: 10, graceMs: 0 }))
      .count({ store: 'counts' })
      .toStream()
      .to('out')
    await startSerdes(builder.build().physical(), 'app')

    expect(inner.topics.flat().sort()).toEqual(['app-counts-changelog', 'out'])
  })

  it('in the test driver, too', async () => {
    const value = told()
    const builder = new StreamsBuilder()
    builder.stream('in', { key, value }).to('out')
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in').pipeInput({ key: 'a', value: 'x' })

    expect(value.topics).toEqual([['out']])
  })
})
