import type { Logger } from '../../../lib/core/log.ts'
import { CustomMetrics } from '../../../lib/runtime/custom-metrics.ts'

interface Warning {
  readonly message: string
  readonly metric: string
  readonly value?: string
}

describe('metrics of processors', () => {
  let warnings: Warning[]
  let metrics: CustomMetrics
  beforeEach(() => {
    warnings = []
    const warn = (fields: object, message: string) => void warnings.push({ message, ...(fields as { metric: string }) })
    metrics = new CustomMetrics({ debug() {}, info() {}, warn, error() {} } satisfies Logger)
  })

  it('are what was added, set and recorded', () => {
    const node = metrics.of('0_1', 'enrich')
    const hits = node.counter('hits', { tags: { cache: 'prices' } })
    hits.add()
    hits.add(2.5)
    const size = node.gauge('size')
    const before = metrics.snapshot()[1]
    size.set(7)
    size.set(-1)
    node.histogram('lookup/ms', { boundaries: [1, 10] })
    for (const ms of [0, 1, 1.5, 10, 11, 500]) node.histogram('lookup/ms', { boundaries: [1, 10] }).record(ms)

    const place = { taskId: '0_1', node: 'enrich' }
    expect(before).toEqual({ ...place, kind: 'gauge', name: 'size', tags: {}, value: undefined })
    expect(metrics.snapshot()).toEqual([
      { ...place, kind: 'counter', name: 'hits', tags: { cache: 'prices' }, value: 3.5 },
      { ...place, kind: 'gauge', name: 'size', tags: {}, value: -1 },
      {
        ...place,
        kind: 'histogram',
        name: 'lookup/ms',
        tags: {},
        count: 6,
        sum: 523.5,
        min: 0,
        max: 500,
        boundaries: [1, 10],
        bucketCounts: [2, 2, 2],
      },
    ])
  })

  it('a histogram without values has no extremes, and buckets up to ten seconds', () => {
    metrics.of('0_1', 'enrich').histogram('ms')
    const [histogram] = metrics.snapshot()

    expect(histogram).toMatchObject({ count: 0, sum: 0, min: undefined, max: undefined })
    expect(histogram).toMatchObject({ boundaries: expect.arrayContaining([0, 5, 10_000]) })
    expect(histogram?.kind === 'histogram' && histogram.bucketCounts.length - histogram.boundaries.length).toBe(1)
  })

  it('are one for each task, node, name and set of tags, whatever the order of the tags', () => {
    const add = (taskId: string, node: string, name: string, tags?: Record<string, string>) =>
      metrics
        .of(taskId, node)
        .counter(name, tags === undefined ? {} : { tags })
        .add()
    add('0_0', 'a', 'hits')
    add('0_1', 'a', 'hits')
    add('0_0', 'b', 'hits')
    add('0_0', 'a', 'misses')
    add('0_0', 'a', 'hits', { x: '1', y: '2' })
    add('0_0', 'a', 'hits', { y: '2', x: '1' })
    add('0_0', 'a', 'hits', { x: '1', y: '3' })
    add('0_0', 'a', 'hits')

    const values = metrics.snapshot().map((metric) => metric.kind === 'counter' && metric.value)
    expect(values).toEqual([2, 1, 1, 2, 1, 1])
  })

  it('of a task that is gone are gone; one that comes back begins anew', () => {
    metrics.of('0_0', 'a').counter('hits').add()
    metrics.of('0_1', 'a').counter('hits').add()
    metrics.remove('0_0')
    expect(metrics.snapshot()).toMatchObject([{ taskId: '0_1', value: 1 }])

    metrics.of('0_0', 'a').counter('hits').add(5)
    expect(metrics.snapshot()).toMatchObject([{ taskId: '0_1' }, { taskId: '0_0', value: 5 }])
  })

  it.each<[string, (value: never) => void, readonly unknown[]]>([
    ['a counter', (value) => metrics.of('0_0', 'a').counter('m').add(value), [-1, Number.NaN, '5', Infinity, null]],
    ['a gauge', (value) => metrics.of('0_0', 'a').gauge('m').set(value), [undefined, Number.NaN, '5', -Infinity]],
    ['a histogram', (value) => metrics.of('0_0', 'a').histogram('m').record(value), [undefined, Number.NaN, 5n]],
  ])('%s leaves out what it cannot take, and warns once', (_, use, values) => {
    use(2 as never)
    const before = metrics.snapshot()
    for (const value of values) use(value as never)

    expect(metrics.snapshot()).toEqual(before)
    expect(warnings).toMatchObject([{ metric: 'm', value: String(values[0]), message: /left out/ }].map(textual))
  })

  it('are at most ten thousand: further ones keep nothing, which is said once, until there is room again', () => {
    const add = (taskId: string, key: number) =>
      metrics
        .of(taskId, 'a')
        .counter('m', { tags: { key: `${key}` } })
        .add()
    for (let key = 0; key < 10_002; key++) add(key < 1 ? '0_0' : '0_1', key)
    metrics.of('0_1', 'a').counter('another').add(-1)

    expect(metrics.snapshot()).toHaveLength(10_000)
    expect(warnings).toMatchObject([{ metric: 'm', limit: 10_000, message: /too many/ }].map(textual))
    metrics.remove('0_0')
    add('0_1', 10_002)
    add('0_1', 10_003)
    expect(metrics.snapshot()).toHaveLength(10_000)
    expect(warnings).toHaveLength(1)
  })

  it.each<[string, () => unknown, RegExp]>([
    ['no name', () => metrics.of('0_0', 'a').counter(undefined as never), /processor 'a' names a metric 'undefined'/],
    ['a name that begins with a digit', () => metrics.of('0_0', 'a').gauge('5xx'), /begins with a letter/],
    ['a name with a space', () => metrics.of('0_0', 'a').histogram('a b'), /1 to 255 letters/],
    [
      'a tag that is a number',
      () => metrics.of('0_0', 'a').gauge('m', { tags: { n: 1 as never } }),
      /tag 'n' .* a number/,
    ],
    ['boundaries that fall', () => metrics.of('0_0', 'a').histogram('m', { boundaries: [1, 1] }), /rise, but are 1,1/],
    ['boundaries without end', () => metrics.of('0_0', 'a').histogram('m', { boundaries: [1, Infinity] }), /finite/],
    ['boundaries that are none', () => metrics.of('0_0', 'a').histogram('m', { boundaries: 5 as never }), /but are 5/],
    ['a name of another kind', () => metrics.of('0_0', 'a').gauge('taken'), /of another kind/],
    [
      'a name with other boundaries',
      () => metrics.of('0_0', 'a').histogram('ms', { boundaries: [5] }),
      /with other boundaries\. Choose another name/,
    ],
  ])('%s is refused', (_, make, message) => {
    metrics.of('0_0', 'a').counter('taken')
    metrics.of('0_0', 'a').histogram('ms', { boundaries: [1] })

    expect(make).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
    expect(metrics.snapshot()).toHaveLength(2)
  })
})

const textual = ({ message, ...rest }: { message: RegExp }) => ({ ...rest, message: expect.stringMatching(message) })
