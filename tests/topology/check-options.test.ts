// Options as callers without types may give them: each method rejects those that it does not have, and serdes and functions that are none.
import { stores } from '../../stores/stores.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { strings } from './support/strings.ts'

const within = windows.join({ withinMs: 1 })
const sessions = windows.session({ inactivityGapMs: 1 })
const tumbling = windows.tumbling({ sizeMs: 1 })
const [yes, same, none] = [() => true, (value: any) => value, () => 0]
const create = () => ({ process() {} })

const stream = (b: StreamsBuilder): any => b.stream('in', strings)
const table = (b: StreamsBuilder, topic = 'in'): any => b.table(topic, strings)
const global = (b: StreamsBuilder): any => b.globalTable('global', strings)
const grouped = (b: StreamsBuilder): any => stream(b).groupByKey()
const from = (): any => new Topology().addSource('source', { topics: 'in', ...strings })

/** Every method that takes options, called with these. */
const METHODS: readonly (readonly [method: string, call: (builder: any, options: any) => unknown])[] = [
  ['stream', (b, o) => b.stream('in', o)],
  ['table', (b, o) => b.table('in', o)],
  ['globalTable', (b, o) => b.globalTable('in', o)],
  ['addGlobalStore', (b, o) => b.addGlobalStore(stores.keyValue('s', strings), 'in', { create, ...o })],
  ['build', (b, o) => b.build(o)],
  ['filter', (b, o) => stream(b).filter(yes, o)],
  ['filterNot', (b, o) => stream(b).filterNot(yes, o)],
  ['map', (b, o) => stream(b).map(same, o)],
  ['mapValues', (b, o) => stream(b).mapValues(same, o)],
  ['flatMap', (b, o) => stream(b).flatMap(same, o)],
  ['flatMapValues', (b, o) => stream(b).flatMapValues(same, o)],
  ['selectKey', (b, o) => stream(b).selectKey(same, o)],
  ['peek', (b, o) => stream(b).peek(same, o)],
  ['foreach', (b, o) => stream(b).foreach(same, o)],
  ['print', (b, o) => stream(b).print(o)],
  ['distinct', (b, o) => stream(b).distinct({ withinMs: 1, ...o })],
  ['merge', (b, o) => stream(b).merge(b.stream('other', strings), o)],
  ['process', (b, o) => stream(b).process({ create, ...o })],
  ['processValues', (b, o) => stream(b).processValues({ create, ...o })],
  ['split', (b, o) => stream(b).split({ a: yes }, o)],
  ['split: a', (b, o) => stream(b).split({ a: { when: yes, ...o } })],
  ['join', (b, o) => stream(b).join(b.stream('other', strings), same, { within, ...o })],
  ['leftJoin', (b, o) => stream(b).leftJoin(table(b, 'other'), same, o)],
  ['join', (b, o) => stream(b).join(global(b), same, same, o)],
  ['outerJoin', (b, o) => stream(b).outerJoin(b.stream('other', strings), same, { within, ...o })],
  ['toTable', (b, o) => stream(b).toTable(o)],
  ['repartition', (b, o) => stream(b).repartition(o)],
  ['groupByKey', (b, o) => stream(b).groupByKey(o)],
  ['groupBy', (b, o) => stream(b).groupBy(same, o)],
  ['to', (b, o) => stream(b).to('out', o)],
  ['count', (b, o) => grouped(b).count(o)],
  ['reduce', (b, o) => grouped(b).reduce(same, o)],
  ['aggregate', (b, o) => grouped(b).aggregate(none, same, o)],
  ['windowedBy', (b, o) => grouped(b).windowedBy(tumbling, o)],
  ['count', (b, o) => grouped(b).windowedBy(tumbling).count(o)],
  ['reduce', (b, o) => grouped(b).windowedBy(sessions).reduce(same, o)],
  ['aggregate', (b, o) => grouped(b).windowedBy(sessions).aggregate(none, same, same, o)],
  ['aggregate', (b, o) => grouped(b).cogroup(same).aggregate(none, o)],
  ['aggregate', (b, o) => grouped(b).cogroup(same).windowedBy(tumbling).aggregate(none, o)],
  ['filter', (b, o) => table(b).filter(yes, o)],
  ['filterNot', (b, o) => table(b).filterNot(yes, o)],
  ['mapValues', (b, o) => table(b).mapValues(same, o)],
  ['transformValues', (b, o) => table(b).transformValues({ create, ...o })],
  ['toStream', (b, o) => table(b).toStream(o)],
  ['suppress', (b, o) => table(b).suppress({ until: 'time-limit', timeLimitMs: 1, ...o })],
  ['join', (b, o) => table(b).join(table(b, 'other'), same, o)],
  ['joinOnForeignKey', (b, o) => table(b).joinOnForeignKey(table(b, 'other'), same, same, o)],
  ['groupBy', (b, o) => table(b).groupBy(same, o)],
  ['count', (b, o) => table(b).groupBy(same).count(o)],
  ['addSource', (_, o) => new Topology().addSource('a', { topics: 'a', ...strings, ...o })],
  ['addProcessor', (_, o) => from().addProcessor('a', { parents: 'source', create, ...o })],
  ['addSink', (_, o) => from().addSink('a', { parents: 'source', topic: 'a', ...strings, ...o })],
  ['addGlobalStore', (_, o) => from().addGlobalStore(stores.keyValue('s', strings), { create, ...o })],
  ['addReadOnlyStateStore', (_, o) => from().addReadOnlyStateStore(stores.keyValue('s', strings), { create, ...o })],
  ['windows.tumbling', (_, o) => windows.tumbling({ sizeMs: 1, ...o })],
  ['windows.hopping', (_, o) => windows.hopping({ sizeMs: 1, advanceMs: 1, ...o })],
  ['windows.sliding', (_, o) => windows.sliding({ timeDifferenceMs: 1, ...o })],
  ['windows.session', (_, o) => windows.session({ inactivityGapMs: 1, ...o })],
  ['windows.unlimited', (_, o) => windows.unlimited(o)],
  ['windows.join', (_, o) => windows.join({ withinMs: 1, ...o })],
  ['windows.custom', (_, o) => windows.custom({ windowOf: none, maxSizeMs: 1, ...o })],
]

it.each(METHODS)('%s rejects an option that it does not have', (method, call) => {
  expect(() => call(new StreamsBuilder(), { retries: 3 })).toThrow(
    expect.objectContaining({
      code: 'STREAMS_INVALID_ARGUMENT',
      method,
      message: expect.stringMatching(/has no option 'retries'; the options are: \w+/),
    }),
  )
})

const TAKING_SERDES = METHODS.filter(([, call]) => {
  try {
    call(new StreamsBuilder(), strings)
    return true
  } catch {
    return false
  }
})

it('most methods take serdes', () => {
  expect(TAKING_SERDES.length).toBeGreaterThan(30)
})

it.each(TAKING_SERDES)('%s rejects a serde that is none', (method, call) => {
  const value = strings.value.serialize as unknown
  expect(() => call(new StreamsBuilder(), { ...strings, value })).toThrow(
    expect.objectContaining({
      code: 'STREAMS_INVALID_ARGUMENT',
      method,
      message: expect.stringMatching(/value must be a serde.*is a function: call it, serialize\(\)/),
    }),
  )
})

describe('what else is wrong with options', () => {
  it.each<[what: string, message: RegExp, call: (builder: any) => unknown]>([
    [
      'a slip of the keyboard',
      /count\(\): has no option 'stor'; did you mean 'store'\?/,
      (b) => grouped(b).count({ stor: 's' }),
    ],
    ['no object', /count\(\): takes its options as an object, but got string/, (b) => grouped(b).count('s')],
    ['null', /count\(\): takes its options as an object, but got null/, (b) => grouped(b).count(null)],
    ['nothing', /addSource\(\): takes its options as an object/, () => (new Topology() as any).addSource('a')],
    ['null for a serde', /key must be a serde.*is null/, (b) => stream(b).to('out', { key: null })],
    ['a timestamp', /timestamp must be a function, but is number/, (b) => b.stream('in', { ...strings, timestamp: 5 })],
    ['a partitioner', /partitioner must be a function, but is number/, (b) => stream(b).to('out', { partitioner: 1 })],
    ['a name for stores', /stores must be a list of builders/, (b) => stream(b).process({ create, stores: 's' })],
    [
      'a hole in stores',
      /stores must be a list of builders/,
      (b) => stream(b).process({ create, stores: [undefined] }),
    ],
  ])('%s', (_, message, call) => {
    expect(() => call(new StreamsBuilder())).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  it('absent options, and a pair of serdes where one would do, are fine', () => {
    const builder = new StreamsBuilder()
    stream(builder)
      .mapValues(same, { name: undefined, ...strings })
      .to('out', undefined)

    expect(() => builder.build()).not.toThrow()
  })
})

describe('merge()', () => {
  it.each<[what: string, other: (builder: any) => unknown]>([
    ['nothing', () => undefined],
    ['a table', (b) => table(b, 'other')],
    ['a grouped stream', grouped],
  ])('rejects %s', (_, other) => {
    const builder = new StreamsBuilder()

    expect(() => stream(builder).merge(other(builder))).toThrow(/merge\(\): needs another KStream/)
  })
})
