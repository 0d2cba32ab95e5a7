// Processors tested alone: what they forward, schedule and ask for is kept, nothing happens by itself.

import { Windowed } from '../../../lib/core/windowed.ts'
import { StreamRecord } from '../../../lib/index.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { MockProcessorContext } from '../../../lib/testing/index.ts'
import type { KeyValueStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { Processor, ProcessorContext } from '../../../topology/processor.ts'
import type { CreateProcessor } from '../../../topology/processors/user-processor.ts'
import { expectType, typed } from '../../topology/support/expect-type.ts'
import { strings } from '../../topology/support/strings.ts'

const numbers = { key: serdes.string(), value: serdes.long() }
const record = <V>(key: string, value: V, timestamp = 0) => new StreamRecord(key, value, timestamp)
const pass = (context: ProcessorContext<string, string>): Processor<string, string, string, string> => ({
  process: (record) => context.forward(record),
})

/** Counts by key, tells large counts to `alarm`, and all of them each second. */
const createCounter: CreateProcessor<string, string, string, number> = (context) => {
  const counts = context.store<KeyValueStore<string, number>>('counts')
  const limit = context.appConfigs.limit as number
  context.schedule({ everyMs: 1_000, time: 'wall-clock' }, async (nowMs) => {
    for await (const [key, count] of counts.all()) await context.forward(record(key, count, nowMs))
    context.commit()
  })
  return {
    process({ key, timestamp }) {
      const count = (counts.get(key) ?? 0) + 1
      counts.put(key, count)
      if (count > limit) return context.forward(record(key, count, timestamp), 'alarm')
    },
  }
}

describe('a processor alone', () => {
  it('is tested with its stores, its configuration and its punctuators', async () => {
    const context = new MockProcessorContext<string, number>({ appConfigs: { limit: 1 } })
    const counts = context.addStateStore(stores.keyValue('counts', numbers))
    const processor = await createCounter(context)
    for (const key of ['ada', 'bob', 'ada']) await processor.process(record(key, '', 7))

    expect(context.forwarded()).toEqual([{ record: record('ada', 2, 7), childName: 'alarm' }])
    expect(counts.get('bob')).toBe(1)
    expect(context.committed()).toBe(false)

    context.resetForwards()
    context.setCurrentSystemTimeMs(5_000)
    const [punctuator] = context.scheduledPunctuators()
    expect(punctuator).toMatchObject({ everyMs: 1_000, time: 'wall-clock', startMs: undefined, cancelled: false })
    await punctuator!.fire()

    expect(context.forwarded().map(({ record }) => [record.key, record.value, record.timestamp])).toEqual([
      ['ada', 2, 5_000],
      ['bob', 1, 5_000],
    ])
    expect(context.committed()).toBe(true)
    context.resetCommit()
    expect(context.committed()).toBe(false)
  })
})

describe('what was forwarded', () => {
  it('is found by child: what went to all went to it, too', async () => {
    const context = new MockProcessorContext<string, string>()
    context.forward(record('a', '1'))
    context.forward(record('b', '2'), 'even')
    context.forward(record('c', '3'), 'odd')
    const keys = (childName?: string) => context.forwarded(childName).map(({ record }) => record.key)

    expect(keys()).toEqual(['a', 'b', 'c'])
    expect(keys('even')).toEqual(['a', 'b'])
    expect(keys('odd')).toEqual(['a', 'c'])
  })

  it('is a list that later forwards do not change', () => {
    const context = new MockProcessorContext<string, string>()
    const before = context.forwarded()
    void pass(context).process(record('a', '1'))

    expect([before.length, context.forwarded().length]).toEqual([0, 1])
  })
})

describe('punctuators', () => {
  it('get the time that the test says, or that of the context, and no record', async () => {
    const context = new MockProcessorContext()
    const seen: unknown[] = []
    context.setRecordMetadata({ topic: 'in', partition: 2, offset: 7 })
    const see = (timestampMs: number) => void seen.push([timestampMs, context.recordMetadata()])
    context.schedule({ everyMs: 10, time: 'stream', startMs: 5 }, see)
    context.schedule({ everyMs: 10, time: 'wall-clock' }, see)
    context.setCurrentStreamTimeMs(100)
    context.setCurrentSystemTimeMs(200)
    for (const punctuator of context.scheduledPunctuators()) await punctuator.fire()
    await context.scheduledPunctuators()[0]!.fire(42)

    expect(seen).toEqual([
      [100, undefined],
      [200, undefined],
      [42, undefined],
    ])
    expect(context.recordMetadata()).toEqual({ topic: 'in', partition: 2, offset: 7 })
    expect(context.scheduledPunctuators()[0]!.startMs).toBe(5)
  })

  it('stay in the list when they are cancelled, and fire no more', async () => {
    const context = new MockProcessorContext()
    let fired = 0
    const scheduled = context.schedule({ everyMs: 10, time: 'stream' }, () => {
      fired++
      scheduled.cancel()
    })
    const [punctuator] = context.scheduledPunctuators()
    await punctuator!.fire()
    await punctuator!.fire()

    expect({ fired, cancelled: punctuator!.cancelled }).toEqual({ fired: 1, cancelled: true })
  })

  it('reject with what they throw', async () => {
    const context = new MockProcessorContext()
    context.schedule({ everyMs: 10, time: 'stream' }, () => {
      throw new Error('no licence')
    })
    context.setRecordMetadata({ topic: 'in', partition: 2, offset: 7 })

    await expect(context.scheduledPunctuators()[0]!.fire()).rejects.toThrow('no licence')
    expect(context.recordMetadata()?.offset).toBe(7)
  })
})

describe('stores', () => {
  it('are of every kind, as in an application', async () => {
    const windowed = { ...strings, retentionMs: 100, windowSizeMs: 10 }
    const context = new MockProcessorContext()
    const added = {
      plain: context.addStateStore(stores.keyValue('plain', strings)),
      timed: context.addStateStore(stores.timestampedKeyValue('timed', strings)),
      windows: context.addStateStore(stores.window('windows', windowed)),
      sessions: context.addStateStore(stores.session('sessions', { ...strings, retentionMs: 100 })),
      versions: context.addStateStore(stores.versioned('versions', { ...strings, historyRetentionMs: 100 })),
    }
    for (const key of ['b', 'a']) added.plain.put(key, key)
    added.timed.put('a', { value: 'x', timestamp: 5 })
    added.windows.put('a', 'x', 1_000)
    added.sessions.put(new Windowed('a', 10, 20), 'x')
    added.versions.put('a', 'x', 5)
    const keys: string[] = []
    for await (const [key] of context.store<typeof added.plain>('plain').all()) keys.push(key)

    expect(keys).toEqual(['a', 'b'])
    expect(added.timed.get('a')).toEqual({ value: 'x', timestamp: 5 })
    expect(added.windows.fetch('a', { fromMs: 0, toMs: 2_000 })).toEqual([[1_000, 'x']])
    expect(added.sessions.fetch('a')).toHaveLength(1)
    expect(added.versions.getAsOf('a', 4)).toBeUndefined()
    expect(context.metricsSnapshot().recordsDropped.expired).toBe(0)
    added.windows.put('a', 'x', 900)
    expect(context.metricsSnapshot().recordsDropped.expired).toBe(1)
  })

  it('can be of the test’s own making', () => {
    const own = { name: 'own', flush() {}, restore() {}, twice: (n: number) => 2 * n }
    const context = new MockProcessorContext({ stores: [own] })

    expect(context.store<typeof own>('own').twice(4)).toBe(8)
  })
})

describe('is refused', () => {
  const counts = stores.keyValue('counts', numbers)
  it.each<[string, () => unknown, string, RegExp]>([
    [
      'a store that was not added',
      () => new MockProcessorContext({ stores: [counts] }).store('seen'),
      'STREAMS_UNCONNECTED_STORE',
      /asks for store 'seen', .*\(connected: counts\)/,
    ],
    [
      'a second store of a name',
      () => new MockProcessorContext({ stores: [counts, counts] }),
      'STREAMS_DUPLICATE_STORE',
      /counts/,
    ],
    [
      'a state directory that was not given',
      () => new MockProcessorContext().stateDir,
      'STREAMS_INVALID_ARGUMENT',
      /pass \{ stateDir \}/,
    ],
    [
      'what is forwarded and no record',
      () => new MockProcessorContext().forward({ key: 'a', value: 1 } as never),
      'STREAMS_INVALID_ARGUMENT',
      /'mock' forwarded .*it takes a StreamRecord/,
    ],
    [
      'an interval of nothing',
      () => new MockProcessorContext().schedule({ everyMs: 0, time: 'stream' }, () => {}),
      'STREAMS_INVALID_ARGUMENT',
      /at least 1 ms/,
    ],
  ])('%s', (_, attempt, code, message) => {
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})

describe('the context', () => {
  it('says what it was told, and otherwise what holds before the first record', () => {
    const told = { applicationId: 'shop', taskId: '1_2', stateDir: '/state', appConfigs: { currency: 'EUR' } }

    expect(new MockProcessorContext(told)).toMatchObject(told)
    const context = new MockProcessorContext()
    expect(context).toMatchObject({ applicationId: 'mock-application', taskId: '0_0', appConfigs: {} })
    expect(context.recordMetadata()).toBeUndefined()
    expect([context.currentStreamTimeMs(), context.currentSystemTimeMs()]).toEqual([-1, 0])
    expect(() => Object.assign(context.appConfigs, { more: 1 })).toThrow(TypeError)
  })

  it('has metrics that the test can read', () => {
    const context = new MockProcessorContext({ taskId: '1_2' })
    context.metrics.counter('hits', { tags: { cache: 'prices' } }).add(3)

    expect(context.metricsSnapshot().custom).toEqual([
      { kind: 'counter', name: 'hits', taskId: '1_2', node: 'mock', tags: { cache: 'prices' }, value: 3 },
    ])
  })
})

typed(function types() {
  const context = new MockProcessorContext<string, number>()
  expectType<KeyValueStore<string, number>>()(context.addStateStore(stores.keyValue('counts', numbers)))
  expectType<StreamRecord<string, number>>()(context.forwarded()[0]!.record)
  createCounter(context)
  // @ts-expect-error the processor forwards numbers
  createCounter(new MockProcessorContext<string, string>())
  // @ts-expect-error a misspelt option
  new MockProcessorContext({ store: [] })
})
