// What processors are told of the configuration, and what they measure: in every kind of processor, over aborts, and as long as their task is there.
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import type { CustomMetric } from '../../lib/runtime/custom-metric.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import { stores } from '../../stores/stores.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

type AnyContext = Pick<ProcessorContext, 'appConfigs' | 'metrics' | 'taskId'>

const inEveryKind: Readonly<Record<string, (note: (context: AnyContext) => void) => Topology>> = {
  addProcessor: (note) =>
    new Topology().addSource('source', { topics: 'in', ...strings }).addProcessor('node', {
      parents: 'source',
      create: (context) => ({ process: () => note(context) }),
    }),
  process: (note) =>
    built((builder) =>
      builder.stream('in', strings).process({ name: 'node', create: (context) => ({ process: () => note(context) }) }),
    ),
  processValues: (note) =>
    built((builder) =>
      builder
        .stream('in', strings)
        .processValues({ name: 'node', create: (context) => ({ process: () => note(context) }) }),
    ),
  transformValues: (note) =>
    built((builder) =>
      builder.table('in', strings).transformValues({
        name: 'node',
        create: (context) => ({
          transform(value) {
            note(context)
            return value
          },
        }),
      }),
    ),
  addGlobalStore: (note) =>
    built((builder) => {
      builder.addGlobalStore(stores.keyValue('global', strings), 'in', {
        ...strings,
        create: (context) => ({ process: () => note(context) }),
      })
      builder.stream('other', strings).to('out')
    }),
}

function built(build: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

describe.each(Object.entries(inEveryKind))('in a processor of %s', (_, topologyOf) => {
  it('the context has the application’s own entries and nothing else of the configuration, and makes metrics', async () => {
    const appConfigs = { currency: 'EUR', limits: { perDay: 5 } }
    const seen: AnyContext[] = []
    const topology = topologyOf((context) => {
      seen.push(context)
      context.metrics.counter('records').add()
    })
    await using driver = new TopologyTestDriver(topology, { appConfigs, deadLetterQueueTopic: 'letters' })
    const input = driver.createInputTopic('in', strings)
    for (const value of ['a', 'b']) await input.pipeInput({ key: 'k', value })

    expect(seen[0]!.appConfigs).toEqual(appConfigs)
    expect(seen[0]!.appConfigs.limits).toBe(appConfigs.limits)
    expect(() => Object.assign(seen[0]!.appConfigs, { currency: 'USD' })).toThrow(TypeError)
    const [metric, ...others] = driver.metrics().custom
    expect(metric).toMatchObject({ kind: 'counter', name: 'records', value: 2, taskId: seen[0]!.taskId })
    expect(others).toEqual([])
    expect(topology.describe()).toContain(metric!.node)
    await driver.close()
    expect(driver.metrics().custom).toEqual([])
  })
})

it('without appConfigs there are none', async () => {
  let seen: unknown
  const topology = inEveryKind.process!((context) => {
    seen = context.appConfigs
  })
  await using driver = new TopologyTestDriver(topology)
  await driver.createInputTopic('in', strings).pipeInput({ value: 'a' })

  expect(seen).toEqual({})
})

describe('metrics of an application', () => {
  const counting = () =>
    built((builder) =>
      builder
        .stream('in', strings)
        .process<string, string>({
          ...strings,
          create: (context) => {
            const records = context.metrics.counter('records')
            return {
              process(record) {
                records.add()
                return context.forward(record)
              },
            }
          },
        })
        .to('out'),
    )
  const counts = (custom: readonly CustomMetric[]) =>
    Object.fromEntries(custom.map((metric) => [metric.taskId, metric.kind === 'counter' ? metric.value : -1]))

  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 2, out: 2 })
  })
  afterEach(() => app.close())

  it('are the same when a transaction was aborted: what is done again counts again', async () => {
    let aborted = 0
    app.cluster.intercept((exchange) => {
      if (exchange.api !== 'endTxn' || aborted > 0) return undefined
      aborted++
      return { answer: errorResponse(exchange, errorCodes.PRODUCER_FENCED) }
    })
    const instance = await app.start(counting())
    await app.produce('in', { key: 'a', value: '1' })
    await app.caughtUp('in')

    expect(aborted).toBe(1)
    expect(app.read('out')).toHaveLength(1)
    expect(counts(instance.streams.metrics().custom)).toEqual({ '0_0': 2, '0_1': 0 })
  })

  it('go with the task, and are the new owner’s then', async () => {
    const first = await app.start(counting(), 'a')
    await app.produce('in', { key: 'a', value: '1' }, { key: 'b', value: '2', partition: 1 })
    await app.caughtUp('in')
    expect(counts(first.streams.metrics().custom)).toEqual({ '0_0': 1, '0_1': 1 })

    const second = await app.start(counting(), 'b')
    await until('each has a task', () =>
      [first, second].every((instance) => instance.streams.metrics().custom.length === 1),
    )
    await app.produce('in', { key: 'a', value: '3' }, { key: 'b', value: '4', partition: 1 })
    await app.caughtUp('in')
    const stayed = counts(first.streams.metrics().custom)
    const moved = counts(second.streams.metrics().custom)

    expect([...Object.keys(stayed), ...Object.keys(moved)].sort()).toEqual(['0_0', '0_1'])
    expect([Object.values(stayed), Object.values(moved)]).toEqual([[2], [1]])
  })
})
