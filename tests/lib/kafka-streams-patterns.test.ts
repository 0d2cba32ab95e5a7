// Sources that read every topic whose name matches a pattern.
import { serdes } from '../../lib/serde/index.ts'
import { DuplicateSourceTopicError } from '../../topology/errors.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'

const strings = { key: serdes.string(), value: serdes.string() }

function upperCase(pattern: RegExp): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(pattern, strings)
    .mapValues((value) => value.toUpperCase(), { value: serdes.string() })
    .to('out')
  return builder.build()
}

describe('a source with a pattern', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({ metadataMaxAgeMs: 50 })
  })
  afterEach(() => app.close())

  const values = () =>
    app
      .read('out')
      .map(({ value }) => value)
      .sort()

  it('reads the topics whose whole names match, and no other', async () => {
    app.topics({ 'in-a': 1, 'in-b': 2, 'not-in-c': 1, 'in-': 1, out: 1 })
    await app.start(upperCase(/in-.+/))
    await app.produce('in-a', { key: 'k', value: 'a' })
    await app.produce('in-b', { key: 'k', value: 'b0', partition: 0 }, { key: 'k', value: 'b1', partition: 1 })
    await app.produce('not-in-c', { key: 'k', value: 'c' })
    await app.produce('in-', { key: 'k', value: 'd' })
    await app.caughtUp('in-a')
    await app.caughtUp('in-b')

    expect(values()).toEqual(['A', 'B0', 'B1'])
  })

  it('finds topics that come up later, and loses no record of those that it reads', async () => {
    app.topics({ 'in-a': 1, out: 1 })
    const instance = await app.start(upperCase(/in-.+/))
    await app.produce('in-a', { key: 'k', value: 'a1' })
    app.topics({ 'in-b': 2 })
    await app.produce('in-b', { key: 'k', value: 'b0', partition: 0 }, { key: 'k', value: 'b1', partition: 1 })
    await app.produce('in-a', { key: 'k', value: 'a2' })
    await until('the new topic is read', () => values().length === 4)

    expect(values()).toEqual(['A1', 'A2', 'B0', 'B1'])
    expect(instance.errors).toEqual([])
  })

  it('starts without a topic that matches', async () => {
    app.topics({ out: 1 })
    await app.start(upperCase(/in-.+/))
    app.topics({ 'in-a': 1 })
    await app.produce('in-a', { key: 'k', value: 'a' })
    await until('the topic is read', () => values().length === 1)
  })

  it('does not read the application’s own topics', async () => {
    app.topics({ 'in-a': 1, out: 1 })
    const builder = new StreamsBuilder()
    builder
      .stream(/.*/, strings)
      .groupBy((value) => value, { key: serdes.string() })
      .count({ store: 'counts' })
    const topology = builder.build()
    const instance = await app.start(topology)
    await app.produce('in-a', { key: 'k', value: 'x' })
    await app.caughtUp('in-a')

    expect(instance.errors).toEqual([])
  })

  it('must not match a topic that is read by name', async () => {
    app.topics({ 'in-a': 1, out: 1 })
    const builder = new StreamsBuilder()
    builder.stream('in-a', strings).to('out')
    builder.stream(/in-.+/, strings).to('out')

    await expect(app.start(builder.build())).rejects.toThrow(DuplicateSourceTopicError)
  })

  it('is described by the pattern, and two of one pattern are one source', () => {
    const builder = new StreamsBuilder()
    builder.stream(/in-.*/, strings).to('out')
    builder.stream(/in-.*/, strings).to('out')
    const description = builder.build().describe()

    expect(description.match(/Source: \S+ \(topics: in-\.\*\)/g)).toHaveLength(1)
  })
})
