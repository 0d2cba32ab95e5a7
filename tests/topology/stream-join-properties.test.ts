// Strategy: random inputs, out of order and late, through joins of random windows, against a model that looks at all records so far for each one. The model
// has the results in full for inner joins, and for left and outer ones that let records go when they are due. For those that do it as Java does, when a record is
// let go depends on what was looked at before; there it has to hold that, as long as nothing comes later than the grace, each record either finds matches or
// gives one result without, and that inner results are the same as without.
import fc from 'fast-check'
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { StreamJoinOptions } from '../../topology/stream-join-options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { type JoinWindows, windows } from '../../topology/windows.ts'
import { strings } from './support/strings.ts'

type Side = 'left' | 'right'
type Verb = 'join' | 'leftJoin' | 'outerJoin'

interface Input {
  readonly side: Side
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

const RUNS = { numRuns: 60, seed: 7 }
/** Moves stream time beyond everything. */
const LAST: Input = { side: 'left', key: 'last', value: 'last', timestamp: 1_000_000 }

const within = fc
  .record({
    beforeMs: fc.integer({ min: -10, max: 30 }),
    lengthMs: fc.integer({ min: 0, max: 40 }),
    graceMs: fc.integer({ min: 0, max: 25 }),
  })
  .map(({ beforeMs, lengthMs, graceMs }) => windows.join({ beforeMs, afterMs: lengthMs - beforeMs, graceMs }))

/** Records whose times go up by `step` at most, and then back by `back` at most. */
function inputs(stepMs: number, backMs: number): fc.Arbitrary<readonly Input[]> {
  const one = fc.record({
    side: fc.constantFrom<Side>('left', 'right'),
    key: fc.constantFrom('a', 'b', 'aa'),
    step: fc.integer({ min: 0, max: stepMs }),
    back: fc.integer({ min: 0, max: backMs }),
  })
  return fc.array(one, { maxLength: 40, size: 'max' }).map((all) => {
    let timeMs = 50
    return all.map(({ side, key, step, back }, i) => {
      timeMs += step
      return { side, key, value: `${side[0]}${i}`, timestamp: Math.max(0, timeMs - back) }
    })
  })
}

async function join(
  verb: Verb,
  within: JoinWindows,
  records: readonly Input[],
  options: Partial<StreamJoinOptions<string, string, string, string>> = {},
): Promise<string[]> {
  const builder = new StreamsBuilder()
  const [left, right] = [builder.stream('left', strings), builder.stream('right', strings)]
  const joinTo: KStream<string, string>['outerJoin'] = left[verb as 'outerJoin'].bind(left)
  joinTo(right, (l, r) => `${l}/${r}`, { within, value: serdes.string(), ...options }).to('out')
  await using driver = new TopologyTestDriver(builder.build())
  const topics = { left: driver.createInputTopic('left'), right: driver.createInputTopic('right') }
  for (const { side, ...record } of records) await topics[side].pipeInput(record)
  const results = driver.createOutputTopic<string, string>('out').readRecordsToList()
  return results.map(({ key, value, timestamp }) => `${key} ${value} @${timestamp}`)
}

/** What the join has to give, by looking at everything. */
class Model {
  readonly results: string[] = []
  readonly #verb: Verb
  readonly #within: JoinWindows
  readonly #seen: Input[] = []
  #waiting: Input[] = []
  #streamTimeMs = -1

  constructor(verb: Verb, within: JoinWindows) {
    this.#verb = verb
    this.#within = within
  }

  add(record: Input): void {
    this.#streamTimeMs = Math.max(this.#streamTimeMs, record.timestamp)
    if (record.timestamp === this.#streamTimeMs) this.#letGo()
    const matches = this.#matches(record)
    for (const match of matches) {
      const [left, right] = record.side === 'left' ? [record, match] : [match, record]
      this.#give(record.key, left, right, Math.max(left.timestamp, right.timestamp))
      this.#waiting = this.#waiting.filter(
        ({ side, key, timestamp }) => side !== match.side || key !== match.key || timestamp !== match.timestamp,
      )
    }
    if (matches.length === 0 && this.#keeps(record.side)) {
      const late = Math.max(0, record.timestamp + this.#after(record.side)) < this.#streamTimeMs
      if (late) this.#alone(record)
      else this.#waiting.push(record)
    }
    this.#seen.push(record)
  }

  #matches({ side, key, timestamp }: Input): readonly Input[] {
    const { beforeMs, afterMs, graceMs } = this.#within
    const others = this.#seen.filter((other) => other.side !== side)
    const latest = Math.max(-1, ...others.map((other) => other.timestamp))
    const expired = latest - (beforeMs + afterMs + graceMs)
    const from = Math.max(0, timestamp - (side === 'left' ? beforeMs : afterMs))
    const to = Math.max(0, timestamp + this.#after(side))
    return others
      .filter((other) => other.key === key && other.timestamp >= from && other.timestamp <= to)
      .filter((other) => other.timestamp > expired)
      .sort((a, b) => a.timestamp - b.timestamp)
  }

  #letGo(): void {
    const due = ({ side, timestamp }: Input) =>
      timestamp + this.#after(side) + this.#within.graceMs < this.#streamTimeMs
    const order = ({ timestamp, side, key }: Input) =>
      `${String(timestamp).padStart(9, '0')}${side === 'right' ? 0 : 1}${key}`
    const gone = this.#waiting.filter(due).sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0))
    for (const record of gone) this.#alone(record)
    this.#waiting = this.#waiting.filter((record) => !due(record))
  }

  #after(side: Side): number {
    return side === 'left' ? this.#within.afterMs : this.#within.beforeMs
  }

  #keeps(side: Side): boolean {
    return this.#verb === 'outerJoin' || (this.#verb === 'leftJoin' && side === 'left')
  }

  #alone(record: Input): void {
    const [left, right] = record.side === 'left' ? [record, undefined] : [undefined, record]
    this.#give(record.key, left, right, record.timestamp)
  }

  #give(key: string, left: Input | undefined, right: Input | undefined, timestamp: number): void {
    this.results.push(`${key} ${left?.value ?? null}/${right?.value ?? null} @${timestamp}`)
  }
}

function modelled(verb: Verb, within: JoinWindows, records: readonly Input[]): string[] {
  const model = new Model(verb, within)
  for (const record of records) model.add(record)
  return model.results
}

describe('a join of random streams', () => {
  it('inner: gives what the model gives', async () => {
    await fc.assert(
      fc.asyncProperty(within, inputs(12, 60), async (window, records) => {
        expect(await join('join', window, records)).toEqual(modelled('join', window, records))
      }),
      RUNS,
    )
  })

  it.each<Verb>(['leftJoin', 'outerJoin'])('%s when due: gives what the model gives', async (verb) => {
    await fc.assert(
      fc.asyncProperty(within, inputs(12, 60), async (window, records) => {
        const all = [...records, LAST]
        expect(await join(verb, window, all, { emitUnmatched: 'when-due' })).toEqual(modelled(verb, window, all))
      }),
      RUNS,
    )
  })

  it.each<Verb>(['leftJoin', 'outerJoin'])(
    '%s as Java: each record has matches, or one result without',
    async (verb) => {
      await fc.assert(
        fc.asyncProperty(
          within
            .filter(({ beforeMs, afterMs }) => beforeMs > 0 && afterMs > 0)
            .chain((window) => fc.tuple(fc.constant(window), inputs(12, window.graceMs))),
          async ([window, records]) => {
            const results = await join(verb, window, [...records, LAST])
            const values = results.map((result) => result.split(' ')[1]!.split('/'))
            for (const { side, value } of records) {
              const own = values.filter((pair) => pair[side === 'left' ? 0 : 1] === value)
              const alone = own.filter((pair) => pair.includes('null')).length
              if (side === 'right' && verb === 'leftJoin') expect(alone).toBe(0)
              else expect(alone === 0 ? own.length > 0 : own.length === 1).toBe(true)
            }
            const inner = results.filter((result) => !result.includes('null'))
            expect(inner).toEqual(await join('join', window, records))
          },
        ),
        RUNS,
      )
    },
  )

  it('with itself: one store gives what two do', async () => {
    // But, as in Java, at the very edge of what the store still keeps, and for windows without the record's own time.
    const keptMs = ({ beforeMs, afterMs, graceMs }: JoinWindows) => beforeMs + afterMs + graceMs
    const around = within
      .filter((window) => window.beforeMs >= 0 && window.afterMs >= 0 && keptMs(window) > 1)
      .chain((window) => fc.tuple(fc.constant(window), inputs(12, keptMs(window) - 2)))
    await fc.assert(
      fc.asyncProperty(around, async ([window, records]) => {
        const build = (optimization: 'none' | 'all') => {
          const builder = new StreamsBuilder()
          const stream = builder.stream('in', strings)
          stream.join(stream, (l, r) => `${l}/${r}`, { within: window, value: serdes.string() }).to('out')
          return builder.build({ optimization })
        }
        const [two, one] = await Promise.all(
          (['none', 'all'] as const).map(async (optimization) => {
            await using driver = new TopologyTestDriver(build(optimization))
            const topic = driver.createInputTopic('in')
            for (const { side: _, ...record } of records) await topic.pipeInput(record)
            return driver.createOutputTopic<string, string>('out').readRecordsToList()
          }),
        )
        expect(one).toEqual(two)
      }),
      RUNS,
    )
  })
})
