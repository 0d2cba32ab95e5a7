// The Processor API on a running instance: stores, punctuations, named children, commits on request.

import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { KeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { Topology } from '../../topology/topology.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const T0 = 1_700_000_000_000

/** `in` → a processor made by `create` → `out`. */
function processing(
  create: (context: ProcessorContext<string, string>) => (record: StreamRecord<string, string>) => void | Promise<void>,
  storeNames: readonly string[] = [],
): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .process<string, string>({
      ...strings,
      stores: storeNames.map((name) => stores.keyValue(name, strings)),
      create: (context) => ({ process: create(context) }),
    })
    .to('out')
  return builder.build()
}

describe('a processor', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 1, out: 1, even: 1, odd: 1 })
  })
  afterEach(() => app.close())

  it('keeps what it puts into its stores, ranges included', async () => {
    const topology = processing(
      (context) => {
        const seen = context.store<KeyValueStore<string, string>>('seen')
        return async (record) => {
          const before = seen.get(record.key)
          seen.put(record.key, record.value)
          const keys: string[] = []
          for await (const [key] of seen.all()) keys.push(key)
          await context.forward(record.withValue(`${before ?? 'new'}; ${keys.join()}`))
        }
      },
      ['seen'],
    )
    const records = ['b', 'a', 'b', 'c'].map((key, i) => ({ key, value: String(i) }))
    await app.produce('in', ...records)
    await app.start(topology)
    await app.caughtUp('in')

    expect(app.read('out').map(({ value }) => value)).toEqual(['new; b', 'new; a,b', '0; a,b', 'new; a,b,c'])
    expect(app.latest('app-seen-changelog')).toEqual(
      new Map([
        ['b', '2'],
        ['a', '1'],
        ['c', '3'],
      ]),
    )
  })

  it('forwards to a child by name, or to all', async () => {
    const topology = new Topology()
      .addSource('source', { topics: 'in', ...strings })
      .addProcessor<string, string, string, string>('split', {
        parents: 'source',
        create: (context) => ({
          process: (record) => {
            const number = Number(record.value)
            if (number === 0) return context.forward(record)
            return context.forward(record, number % 2 === 0 ? 'to-even' : 'to-odd')
          },
        }),
      })
      .addSink('to-even', { topic: 'even', parents: 'split', ...strings })
      .addSink('to-odd', { topic: 'odd', parents: 'split', ...strings })
    await app.produce('in', ...['0', '1', '2', '3'].map((value) => ({ key: 'k', value })))
    await app.start(topology)
    await app.caughtUp('in')

    expect(app.read('even').map(({ value }) => value)).toEqual(['0', '2'])
    expect(app.read('odd').map(({ value }) => value)).toEqual(['0', '1', '3'])
  })

  it('is told where its record came from, in which task, at which times', async () => {
    const seen: object[] = []
    const topology = processing((context) => (record) => {
      const { applicationId, taskId } = context
      seen.push({ applicationId, taskId, streamTime: context.currentStreamTimeMs(), ...context.recordMetadata() })
      expect(Math.abs(context.currentSystemTimeMs() - Date.now())).toBeLessThan(5_000)
      return context.forward(record)
    })
    await app.produce('in', { key: 'a', value: '', timestamp: T0 + 7 }, { key: 'a', value: '', timestamp: T0 })
    await app.start(topology)
    await app.caughtUp('in')

    const common = { applicationId: 'app', taskId: '0_0', topic: 'in', partition: 0, streamTime: T0 + 7 }
    expect(seen).toMatchObject([
      { ...common, offset: 0 },
      { ...common, offset: 1 },
    ])
  })

  it('is called back as stream time passes, once for intervals that were missed', async () => {
    const fired: number[] = []
    const topology = processing((context) => {
      context.schedule({ everyMs: 100, time: 'stream', startMs: T0 }, (timestampMs) => {
        fired.push(timestampMs - T0)
        expect(context.recordMetadata()).toBeUndefined()
        return context.forward(new StreamRecord('tick', String(timestampMs - T0), timestampMs))
      })
      return () => {}
    })
    const times = [0, 50, 99, 100, 450, 460, 500]
    await app.produce('in', ...times.map((ms) => ({ key: 'a', value: '', timestamp: T0 + ms })))
    await app.start(topology)
    await app.caughtUp('in')

    expect(fired).toEqual([0, 100, 450, 500])
    expect(app.read('out').map(({ value }) => value)).toEqual(['0', '100', '450', '500'])
  })

  it('is called back by the clock without any record, until it cancels; what it forwards is committed', async () => {
    let fired = 0
    const topology = processing((context) => {
      const schedule = context.schedule({ everyMs: 10, time: 'wall-clock' }, async (timestampMs) => {
        fired++
        if (fired === 3) schedule.cancel()
        await context.forward(new StreamRecord('tick', String(fired), timestampMs))
      })
      return () => {}
    })
    await app.start(topology)
    await until('three ticks are visible', () => app.read('out').length === 3)
    await app.close()

    expect(app.read('out').map(({ value }) => value)).toEqual(['1', '2', '3'])
    expect(fired).toBe(3)
  })

  it('gets a commit when it asks for one', async () => {
    const topology = processing((context) => (record) => {
      if (record.value === 'now') context.commit()
      return context.forward(record)
    })
    const instance = await app.start(topology, 'a', { commitIntervalMs: 9_000 })
    // The first commit is due at once; from then on only on request.
    await app.produce('in', { key: 'a', value: 'first' })
    await app.caughtUp('in')
    const { commits } = instance.streams.metrics()
    await app.produce('in', { key: 'a', value: 'wait' })
    await until('the second record is processed', () => instance.streams.metrics().recordsProcessed === 2)
    expect(app.read('out')).toHaveLength(1)
    await app.produce('in', { key: 'a', value: 'now' })
    await app.caughtUp('in')

    expect(app.read('out').map(({ value }) => value)).toEqual(['first', 'wait', 'now'])
    expect(instance.streams.metrics().commits).toBe(commits + 1)
  })

  it('is closed with its task', async () => {
    const events: string[] = []
    const builder = new StreamsBuilder()
    builder.stream('in', strings).process({
      create: () => ({ process: () => void events.push('process'), close: () => void events.push('close') }),
    })
    await app.produce('in', { key: 'a', value: '' })
    const instance = await app.start(builder.build())
    await app.caughtUp('in')
    await instance.close()

    expect(events).toEqual(['process', 'close'])
  })

  it.each([
    {
      what: 'a store that is not its own',
      create: (context: ProcessorContext) => {
        context.store('counts')
        return () => {}
      },
      code: 'STREAMS_UNCONNECTED_STORE',
      message: "Processor 'KSTREAM-PROCESSOR-0000000001' asks for store 'counts'",
    },
    {
      what: 'an interval of nothing',
      create: (context: ProcessorContext) => {
        context.schedule({ everyMs: 0, time: 'stream' }, () => {})
        return () => {}
      },
      code: 'STREAMS_INVALID_ARGUMENT',
      message: 'at least 1 ms',
    },
  ])('that asks for $what when it is made fails the start', async ({ create, code, message }) => {
    const instance = app.open(processing(create))

    await expect(instance.streams.start()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    expect(instance.states).toEqual(['REBALANCING', 'PENDING_ERROR', 'ERROR'])
  })

  it('that cannot be made fails the start, with its name and its task', async () => {
    const topology = processing(() => {
      throw new Error('no licence')
    })

    await expect(app.open(topology).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_PROCESSOR_INIT',
      message: "Processor 'KSTREAM-PROCESSOR-0000000001' of task 0_0 could not be initialised: no licence",
    })
  })

  it('whose transaction is refused while it is made is closed and made anew, and nothing is left of what it put', async () => {
    const events: string[] = []
    const gate = Promise.withResolvers<void>()
    const topology = new StreamsBuilder()
    topology
      .stream('in', strings)
      .process<string, string>({
        ...strings,
        stores: [stores.keyValue('seen', strings)],
        create: (context) => {
          const seen = context.store<KeyValueStore<string, string>>('seen')
          const isFirst = events.length === 0
          return {
            init: async () => {
              events.push(`init: ${seen.get('first') ?? 'empty'}`)
              if (!isFirst) return
              seen.put('first', 'put')
              await gate.promise
              seen.put('first', 'put again')
            },
            process: (record) => context.forward(record.withValue(seen.get('first') ?? 'empty')),
            close: () => void events.push('close'),
          }
        },
      })
      .to('out')
    await app.produce('in', { key: 'a', value: '' })
    let isRefused = false
    const mend = app.cluster.intercept((exchange) => {
      if (exchange.api !== 'produce') return undefined
      isRefused = true
      return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
    })
    const started = app.start(topology.build())
    await until('what it put is refused', () => isRefused)
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    mend()
    gate.resolve()
    await started
    await app.caughtUp('in')

    expect(app.read('out').map(({ value }) => value)).toEqual(['empty'])
    expect(app.latest('app-seen-changelog')).toEqual(new Map())
    expect(events).toEqual(['init: empty', 'close', 'init: empty'])
  })

  it('that forwards to a child it does not have stops the instance', async () => {
    const topology = processing((context) => (record) => context.forward(record, 'nowhere'))
    const instance = await app.start(topology)
    await app.produce('in', { key: 'a', value: '' })

    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_UNKNOWN_CHILD',
      message: expect.stringMatching(/KSTREAM-SINK-0000000002.*\(task 0_0, the record at in-0 offset 0\)/),
    })
  })

  it('reads a store of serdes of its own', async () => {
    const builder = new StreamsBuilder()
    builder.addStateStore(stores.keyValue('sum', { key: serdes.string(), value: serdes.long() }))
    builder
      .stream('in', strings)
      .process<string, string>({
        ...strings,
        stores: ['sum'],
        create: (context) => {
          const sums = context.store<KeyValueStore<string, number>>('sum')
          return {
            process: (record) => {
              const sum = (sums.get(record.key) ?? 0) + Number(record.value)
              sums.put(record.key, sum)
              return context.forward(record.withValue(String(sum)))
            },
          }
        },
      })
      .to('out')
    await app.produce('in', ...['1', '2', '3'].map((value) => ({ key: 'a', value })))
    await app.start(builder.build())
    await app.caughtUp('in')

    expect(app.read('out').map(({ value }) => value)).toEqual(['1', '3', '6'])
    expect(app.cluster.records('app-sum-changelog', 0).at(-1)!.value).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 6]))
  })
})
