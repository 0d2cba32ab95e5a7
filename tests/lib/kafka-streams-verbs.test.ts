// The verbs of the DSL on a running instance: from topic to topic.
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { TestApp } from '../support/test-app.ts'
import { strings } from '../topology/support/strings.ts'

const T0 = 1_700_000_000_000

describe('the stateless verbs, from topic to topic', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 1, other: 1, out: 1 })
  })
  afterEach(() => app.close())

  const input = [
    { key: 'a', value: 'one', timestamp: T0 },
    { key: null, value: 'two', timestamp: T0 + 5 },
    { key: 'b', value: null, timestamp: T0 + 3 },
    { key: 'a', value: 'three', timestamp: T0 + 9 },
  ]

  type Verb = (builder: StreamsBuilder) => void
  const stream = (builder: StreamsBuilder) => builder.stream('in', strings)
  const cases: readonly {
    verb: string
    topology: Verb
    output: readonly (readonly [string | null, string | null, number])[]
  }[] = [
    {
      verb: 'a pipe',
      topology: (builder) => stream(builder).to('out'),
      output: [
        ['a', 'one', T0],
        [null, 'two', T0 + 5],
        ['b', null, T0 + 3],
        ['a', 'three', T0 + 9],
      ],
    },
    {
      verb: 'filter',
      topology: (builder) =>
        stream(builder)
          .filter((value) => value?.startsWith('t') === true)
          .to('out'),
      output: [
        [null, 'two', T0 + 5],
        ['a', 'three', T0 + 9],
      ],
    },
    {
      verb: 'filterNot',
      topology: (builder) =>
        stream(builder)
          .filterNot((value) => value?.startsWith('t') === true)
          .to('out'),
      output: [
        ['a', 'one', T0],
        ['b', null, T0 + 3],
      ],
    },
    {
      verb: 'map',
      topology: (builder) =>
        stream(builder)
          .map((value, key) => [`${value}!`, `${key}?`] as const, strings)
          .to('out'),
      output: [
        ['one!', 'a?', T0],
        ['two!', 'null?', T0 + 5],
        ['null!', 'b?', T0 + 3],
        ['three!', 'a?', T0 + 9],
      ],
    },
    {
      verb: 'flatMap',
      topology: (builder) =>
        stream(builder)
          .flatMap((value, key) => (value === null ? [] : [[key, value] as const, [value, key] as const]), strings)
          .to('out'),
      output: [
        ['a', 'one', T0],
        ['one', 'a', T0],
        [null, 'two', T0 + 5],
        ['two', null, T0 + 5],
        ['a', 'three', T0 + 9],
        ['three', 'a', T0 + 9],
      ],
    },
    {
      verb: 'selectKey',
      topology: (builder) =>
        stream(builder)
          .selectKey((value) => value?.[0] ?? 'none', strings)
          .to('out'),
      output: [
        ['o', 'one', T0],
        ['t', 'two', T0 + 5],
        ['none', null, T0 + 3],
        ['t', 'three', T0 + 9],
      ],
    },
    {
      verb: 'an asynchronous map',
      topology: (builder) =>
        stream(builder)
          .mapValues(async (value) => `${value}…`, strings)
          .to('out'),
      output: [
        ['a', 'one…', T0],
        [null, 'two…', T0 + 5],
        ['b', 'null…', T0 + 3],
        ['a', 'three…', T0 + 9],
      ],
    },
  ]

  it.each(cases)('$verb', async ({ topology, output }) => {
    const builder = new StreamsBuilder()
    topology(builder)
    await app.produce('in', ...input)
    await app.start(builder.build())
    await app.caughtUp('in')

    expect(app.read('out').map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual(output)
  })

  it('peek sees each record and changes none', async () => {
    const seen: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .peek((value, key, { offset }) => void seen.push(`${offset} ${key}=${value}`))
      .to('out')
    await app.produce('in', ...input)
    await app.start(builder.build())
    await app.caughtUp('in')

    expect(seen).toEqual(['0 a=one', '1 null=two', '2 b=null', '3 a=three'])
    expect(app.read('out')).toEqual(input.map((record) => ({ ...record, partition: 0 })))
  })

  it('merge takes the records of both topics', async () => {
    const builder = new StreamsBuilder()
    const other = builder.stream('other', strings)
    builder.stream('in', strings).merge(other).to('out', strings)
    await app.produce('in', ...input)
    await app.produce('other', { key: 'z', value: 'last', timestamp: T0 + 100 })
    await app.start(builder.build())
    await app.caughtUp('in', 'other')

    // Both are there when the task starts: lowest time first, and each topic in its own order.
    expect(app.read('out').map(({ value }) => value)).toEqual(['one', 'two', null, 'three', 'last'])
  })

  it('a sink chosen by record writes to several topics', async () => {
    app.topics({ 'out-a': 1, 'out-b': 1 })
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .filter((_, key) => key !== null)
      .to((_, key) => `out-${key}`)
    await app.produce('in', ...input)
    await app.start(builder.build())
    await app.caughtUp('in')

    expect(app.read('out-a').map(({ value }) => value)).toEqual(['one', 'three'])
    expect(app.read('out-b').map(({ value }) => value)).toEqual([null])
  })
})
