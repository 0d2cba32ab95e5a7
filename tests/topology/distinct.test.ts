// The first record of each id within a stretch of event time passes.
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { DistinctOptions } from '../../topology/options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'

const S = serdes.string()
const strings = { key: S, value: S }

function distinctValues(options: DistinctOptions<string, string, string>, rekey = false): StreamsBuilder {
  const builder = new StreamsBuilder()
  const input = builder.stream('in', strings)
  const stream = rekey ? input.selectKey((value) => value, { key: S }) : input
  stream.distinct(options).to('out')
  return builder
}

async function through(builder: StreamsBuilder, ...records: readonly (readonly [string | null, string, number])[]) {
  await using driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic<string, string>('in')
  for (const [key, value, timestamp] of records) await input.pipeInput({ key, value, timestamp })
  const out = driver.createOutputTopic('out', strings).readRecordsToList()
  return {
    passed: out.map(({ value, timestamp }) => `${value}@${timestamp}`),
    dropped: driver.metrics().recordsDropped,
    topics: driver.producedTopicNames(),
  }
}

describe('distinct', () => {
  it.each([
    { atMs: 1_000, passes: false, why: 'the same time' },
    { atMs: 1_100, passes: false, why: 'just within' },
    { atMs: 1_101, passes: true, why: 'just beyond' },
    { atMs: 900, passes: false, why: 'late, just within' },
  ])('a record of the same key at $atMs ms: $why', async ({ atMs, passes }) => {
    const { passed, dropped } = await through(
      distinctValues({ withinMs: 100 }),
      ['a', 'first', 1_000],
      ['a', 'second', atMs],
    )

    expect(passed).toEqual(passes ? ['first@1000', `second@${atMs}`] : ['first@1000'])
    expect(dropped.duplicate).toBe(passes ? 0 : 1)
  })

  it('a duplicate does not make the time longer', async () => {
    const { passed } = await through(
      distinctValues({ withinMs: 100 }),
      ['a', '1', 1_000],
      ['a', '2', 1_090],
      ['a', '3', 1_150],
    )

    expect(passed).toEqual(['1@1000', '3@1150'])
  })

  it('compares keys each for itself', async () => {
    const { passed } = await through(distinctValues({ withinMs: 100 }), ['a', '1', 0], ['b', '2', 0], ['a', '3', 50])

    expect(passed).toEqual(['1@0', '2@0'])
  })

  it('compares ids, where given; null is no id', async () => {
    const id = (value: string) => (value === 'none' ? null : value) as string
    const { passed } = await through(
      distinctValues({ withinMs: 100, id, idSerde: S }),
      ['a', 'x', 0],
      ['b', 'x', 10],
      ['a', 'none', 20],
      ['a', 'none', 20],
    )

    expect(passed).toEqual(['x@0', 'none@20', 'none@20'])
  })

  it('drops what is older than it remembers, and says so', async () => {
    const { passed, dropped } = await through(
      distinctValues({ withinMs: 100 }),
      ['a', 'new', 1_000],
      ['b', 'old', 899],
      ['c', 'edge', 900],
    )

    expect(passed).toEqual(['new@1000', 'edge@900'])
    expect(dropped.late).toBe(1)
  })

  it('waits for asynchronous ids', async () => {
    const { passed } = await through(
      distinctValues({ withinMs: 100, id: async (value) => value, idSerde: S }),
      ['a', 'x', 0],
      ['a', 'x', 1],
    )

    expect(passed).toEqual(['x@0'])
  })

  it('brings equal keys together first, if keys were changed', async () => {
    const { passed, topics } = await through(
      distinctValues({ withinMs: 100, store: 'seen' }, true),
      ['a', 'x', 0],
      ['b', 'x', 1],
    )

    expect(passed).toEqual(['x@0'])
    expect(topics).toContain('test-driver-seen-repartition')
    expect(topics).toContain('test-driver-seen-changelog')
  })

  it.each([0, -1, 1.5, Number.NaN])('does not take withinMs %p', (withinMs) => {
    expect(() => distinctValues({ withinMs })).toThrow('withinMs must be a whole number')
  })

  it('asks for the serde of ids', () => {
    expect(() => distinctValues({ withinMs: 1, id: (value) => value }).build()).toThrow(/idSerde/)
  })
})

describe('print', () => {
  it('shows each record as a line', async () => {
    const lines: string[] = []
    const builder = new StreamsBuilder()
    builder.stream('in', strings).print({ label: 'in', write: (line) => lines.push(line) })
    await through(builder, ['a', 'x', 0], [null, 'y', 0])

    expect(lines).toEqual(['[in]: a, x', '[in]: null, y'])
  })

  it('is named after the node before it, and takes a format', async () => {
    const lines: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .print({ format: (value, key) => `${key}=${value}`, write: (line) => lines.push(line) })
    await through(builder, ['a', 'x', 0])

    expect(lines).toEqual(['[KSTREAM-SOURCE-0000000000]: a=x'])
  })
})
