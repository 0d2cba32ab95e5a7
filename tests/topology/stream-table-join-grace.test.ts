// Stream-table joins with grace, beyond what Java's recorded case shows: bad calls, null keys, joiners that take time, records of one key and time.
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { StreamTableJoinOptions, TableOptions } from '../../topology/options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { strings } from './support/strings.ts'

type Joiner = (left: string, right: string | null) => string | Promise<string>
type Options = StreamTableJoinOptions<string, string, string, string>

const slash: Joiner = (left, right) => `${left}/${right}`
const history = { store: 'table', versioned: { historyRetentionMs: 1_000 } }

function joined(
  options: Options,
  joiner: Joiner = slash,
  verb: 'join' | 'leftJoin' = 'join',
  table: Partial<TableOptions<string, string>> = history,
): StreamsBuilder {
  const builder = new StreamsBuilder()
  const right = builder.table('table', { ...strings, ...table })
  const left = builder.stream('in', strings)
  const result =
    verb === 'join'
      ? left.join(right, joiner, { value: serdes.string(), ...options })
      : left.leftJoin(right, joiner, { value: serdes.string(), ...options })
  result.to('out')
  return builder
}

/** Pipes `topic key value timestamp`, and gives what came out with each as `key value @timestamp`. */
async function run(builder: StreamsBuilder, steps: readonly string[]): Promise<string[][]> {
  await using driver = new TopologyTestDriver(builder.build())
  const out = driver.createOutputTopic<string, string>('out')
  const results: string[][] = []
  for (const step of steps) {
    const [topic, key, value, timestamp] = step.split(' ') as [string, string, string, string]
    const orNull = (text: string) => (text === 'null' ? (null as never) : text)
    await driver
      .createInputTopic<string, string>(topic)
      .pipeInput({ key: orNull(key), value: orNull(value), timestamp: Number(timestamp) })
    results.push(out.readRecordsToList().map((record) => `${record.key} ${record.value} @${record.timestamp}`))
  }
  return results
}

describe('a join with grace is refused', () => {
  it.each([-1, 0.5, '5', null])('of %p ms, at once', (graceMs) => {
    expect(() => joined({ graceMs: graceMs as number })).toThrow(
      expect.objectContaining({
        code: 'STREAMS_INVALID_ARGUMENT',
        message: expect.stringContaining('join(): graceMs must be whole milliseconds of at least 0'),
      }),
    )
  })

  it.each<[string, Partial<TableOptions<string, string>>, RegExp]>([
    ['with a table without history', { store: 'table' }, /graceMs needs a versioned table, but its store 'table'/],
    [
      'that is longer than the history',
      { store: 'table', versioned: { historyRetentionMs: 49 } },
      /graceMs \(50\) must not exceed the historyRetentionMs \(49\)/,
    ],
  ])('%s, in build()', (_, table, message) => {
    expect(() => joined({ graceMs: 50 }, slash, 'join', table).build()).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  it('without a serde for what waits, naming the option', () => {
    const builder = new StreamsBuilder()
    const table = builder.table('table', { ...strings, ...history })
    builder
      .stream('in', strings)
      .mapValues((value) => value.length)
      .join(table, (left, right) => `${left}${right}`, { graceMs: 5, name: 'joined' })
    expect(() => builder.build()).toThrow(
      expect.objectContaining({ code: 'STREAMS_MISSING_SERDE', node: 'joined', option: 'left' }),
    )
  })
})

describe('a join with grace', () => {
  it('joins with the value of the record’s time, also one that came after the record', async () => {
    expect(
      await run(joined({ graceMs: 10 }), ['in a x 10', 'table a 1 9', 'table a 2 11', 'in a y 19', 'in a z 20']),
    ).toEqual([[], [], [], [], ['a x/1 @10']])
  })

  it('keeps all records of one key and time, in their order', async () => {
    expect(await run(joined({ graceMs: 10 }), ['table a 1 0', 'in a x 5', 'in a y 5', 'in a z 15'])).toEqual([
      [],
      [],
      [],
      ['a x/1 @5', 'a y/1 @5'],
    ])
  })

  it('drops null values, and null keys too', async () => {
    expect(await run(joined({ graceMs: 0 }), ['table a 1 0', 'in a null 5', 'in null x 5', 'in a y 5'])).toEqual([
      [],
      [],
      [],
      ['a y/1 @5'],
    ])
  })

  it('has a result at once for a null key, if it is a left join', async () => {
    expect(await run(joined({ graceMs: 10 }, slash, 'leftJoin'), ['in null x 5', 'in b y 5', 'in c z 15'])).toEqual([
      ['null x/null @5'],
      [],
      ['b y/null @5'],
    ])
  })

  it('keeps the order with a joiner that takes time', async () => {
    let running = 0
    const slow: Joiner = async (left, right) => {
      expect(++running).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return `${left}/${right}`
    }
    const steps = ['table a 1 0', 'table b 2 0', 'in b x 7', 'in a y 6', 'in a z 7', 'in a w 50', 'in b late 8']
    expect((await run(joined({ graceMs: 10 }, slow), steps)).slice(-2)).toEqual([
      ['a y/1 @6', 'a z/1 @7', 'b x/2 @7'],
      ['b late/2 @8'],
    ])
  })

  it('is described with its stores in Java’s order, though the two names have one hash there', () => {
    const table = { store: 'table-5', versioned: { historyRetentionMs: 1_000 } }
    const topology = joined({ graceMs: 10, name: 'j' }, slash, 'join', table).build()
    expect(topology.describe()).toContain('Processor: j (stores: [j-Buffer, table-5])')
  })
})
