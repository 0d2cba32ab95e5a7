import type { Logger } from '../../../lib/core/log.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { KeyValueStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { ProcessorContext } from '../../../topology/processor.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { Topology } from '../../../topology/topology.ts'
import { strings } from '../../topology/support/strings.ts'

type Context = ProcessorContext<string, string>

/** A processor between 'in' and 'out'; `create` as in addProcessor. */
function processing(
  create: (context: Context) => {
    process: (record: any) => void | Promise<void>
    close?: () => void | Promise<void>
  },
): Topology {
  return new Topology()
    .addSource('source', { topics: 'in', ...strings })
    .addProcessor('processor', { parents: 'source', create })
    .addSink('sink', { parents: 'processor', topic: 'out', ...strings })
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('asynchronous callbacks', () => {
  it('are done when the call is, in the order of the records', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .mapValues(async (value) => {
        for (let i = 0; i < 3 - value.length; i++) await turn()
        return value.toUpperCase()
      }, strings)
      .to('out')
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in').pipeValueList(['a', 'bb', 'ccc'])

    expect(driver.createOutputTopic('out').readValuesToList()).toEqual(['A', 'BB', 'CCC'])
  })

  it('forwards that were not awaited are done, too', async () => {
    const topology = processing((context) => ({
      process(record) {
        void context.forward(record)
        void context.forward(record.withValue('again'))
      },
    })).addProcessor<string, string, string, string>('slow', {
      parents: 'processor',
      create: (context) => ({
        async process(record) {
          await turn()
          await context.forward(record)
        },
      }),
    })
    topology.addSink('slow-sink', { parents: 'slow', topic: 'slow', ...strings })
    await using driver = new TopologyTestDriver(topology)
    await driver.createInputTopic('in').pipeInput({ value: 'x' })

    expect(driver.createOutputTopic('slow').readValuesToList()).toEqual(['x', 'again'])
  })

  it('calls that nobody awaits are carried out one after the other', async () => {
    await using driver = new TopologyTestDriver(
      processing((context) => ({
        async process(record) {
          await turn()
          await context.forward(record)
        },
      })),
    )
    const input = driver.createInputTopic('in')
    const calls = ['a', 'b', 'c'].map((value) => input.pipeInput({ value }))
    await driver.advanceWallClockTime(1)

    expect(driver.createOutputTopic('out').readValuesToList()).toEqual(['a', 'b', 'c'])
    await Promise.all(calls)
  })
})

describe('a callback that fails', () => {
  const failing = (fail: (value: string) => void | Promise<void>) =>
    processing((context) => ({
      process: (record) => {
        const pending = fail(record.value)
        if (pending === undefined) return context.forward(record)
        return pending.then(() => context.forward(record))
      },
    }))

  it.each<[string, (value: string) => void | Promise<void>]>([
    [
      'synchronously',
      (value) => {
        if (value === 'bad') throw new Error('cannot cope')
      },
    ],
    [
      'asynchronously',
      async (value) => {
        await turn()
        if (value === 'bad') throw new Error('cannot cope')
      },
    ],
  ])('%s rejects the call, and all later ones', async (_, fail) => {
    await using driver = new TopologyTestDriver(failing(fail))
    const input = driver.createInputTopic('in')
    await input.pipeInput({ value: 'good' })
    const failure = await input.pipeInput({ value: 'bad' }).catch((error) => error)

    expect(failure).toMatchObject({ code: 'STREAMS_PROCESSING', message: expect.stringContaining('cannot cope') })
    await expect(input.pipeInput({ value: 'good' })).rejects.toBe(failure)
    await expect(driver.advanceWallClockTime(1)).rejects.toBe(failure)
    expect(driver.createOutputTopic('out').readValuesToList()).toEqual(['good'])
  })

  it('in a punctuator rejects the call that moves the clock', async () => {
    const topology = processing((context) => {
      context.schedule({ everyMs: 10, time: 'wall-clock' }, () => {
        throw new Error('no time')
      })
      return { process() {} }
    })
    await using driver = new TopologyTestDriver(topology)
    await driver.advanceWallClockTime(9)

    await expect(driver.advanceWallClockTime(1)).rejects.toThrow('no time')
  })

  it('when the processor is made rejects start(), and whatever is called', async () => {
    await using driver = new TopologyTestDriver(
      processing(() => {
        throw new Error('not made')
      }),
    )

    await expect(driver.start()).rejects.toMatchObject({ code: 'STREAMS_PROCESSOR_INIT' })
    await expect(driver.createInputTopic('in').pipeInput({ value: 'x' })).rejects.toThrow('not made')
    expect(() => driver.getStateStore('any')).toThrow(expect.objectContaining({ code: 'STREAMS_NOT_RUNNING' }))
  })

  it('a value that is not in the serde’s form stops it, too', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { key: serdes.string(), value: serdes.integer() }).to('out')
    await using driver = new TopologyTestDriver(builder.build())
    const piped = driver.createInputTopic('in', strings).pipeInput({ value: 'three' })

    await expect(piped).rejects.toMatchObject({ code: 'STREAMS_RECORD_DESERIALIZATION' })
  })
})

describe('the wall clock', () => {
  it('starts where it is told, and moves when it is told', async () => {
    const seen: number[] = []
    const topology = processing((context) => ({
      process: () => void seen.push(context.currentSystemTimeMs()),
    }))
    await using driver = new TopologyTestDriver(topology, { initialWallClockTimeMs: 1_000 })
    const input = driver.createInputTopic('in')
    await input.pipeInput({ value: 'x' })
    await driver.advanceWallClockTime(500)
    await input.pipeInput({ value: 'x', timestamp: 7 })
    await driver.advanceWallClockTime(0)
    await input.pipeInput({ value: 'x' })

    expect(seen).toEqual([1_000, 1_500, 1_500])
  })

  it('fires what is due, each once, also behind one that is asynchronous', async () => {
    const fired: string[] = []
    const topology = processing((context) => {
      context.schedule({ everyMs: 10, time: 'wall-clock' }, async (time) => {
        await turn()
        fired.push(`slow at ${time}`)
        await context.forward({ ...record('slow'), timestamp: time } as never)
      })
      context.schedule({ everyMs: 15, time: 'wall-clock' }, (time) => void fired.push(`fast at ${time}`))
      return { process() {} }
    })
    await using driver = new TopologyTestDriver(topology)
    await driver.advanceWallClockTime(9)
    expect(fired).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(fired).toEqual(['slow at 10'])
    await driver.advanceWallClockTime(40)

    expect(fired).toEqual(['slow at 10', 'fast at 50', 'slow at 50'])
    expect(driver.createOutputTopic('out').readRecordsToList()).toMatchObject([
      { value: 'slow', timestamp: 10 },
      { value: 'slow', timestamp: 50 },
    ])
  })

  it('leaves stream time alone', async () => {
    const fired: number[] = []
    const topology = processing((context) => {
      context.schedule({ everyMs: 10, time: 'stream' }, (time) => void fired.push(time))
      return { process() {} }
    })
    await using driver = new TopologyTestDriver(topology)
    await driver.advanceWallClockTime(1_000)
    await driver.createInputTopic('in').pipeInput({ value: 'x', timestamp: 42 })

    expect(fired).toEqual([42])
  })

  it.each([-1, 0.5, Number.NaN])('does not go by %s ms', async (ms) => {
    await using driver = new TopologyTestDriver(processing(() => ({ process() {} })))
    await expect(driver.advanceWallClockTime(ms)).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT' })
  })
})

describe('records', () => {
  it('of several topics are taken in order of time', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .flatMapValues((value) => [value, value], strings)
      .to('twice')
    builder.stream('twice', strings).to('out')
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in').pipeInput({ value: 'x', timestamp: 5 })

    expect(driver.createOutputTopic('out').readRecordsToList()).toMatchObject([
      { value: 'x', timestamp: 5 },
      { value: 'x', timestamp: 5 },
    ])
    expect(driver.producedTopicNames()).toEqual(['out', 'twice'])
  })

  it('may be large', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupBy((_, key) => key, strings)
      .reduce((_, text) => text, { store: 'last' })
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in').pipeInput({ key: 'a', value: 'x'.repeat(10_000_000) })

    expect(driver.getKeyValueStore('last')?.get('a')).toHaveLength(10_000_000)
  })

  it('that come of each other for ever are an error', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).to('in')
    await using driver = new TopologyTestDriver(builder.build(), { maxRecordsPerCall: 1_000 })

    await expect(driver.createInputTopic('in').pipeInput({ value: 'x' })).rejects.toMatchObject({
      code: 'STREAMS_ENDLESS_TOPOLOGY',
    })
  })

  it('are counted, also those that go no further', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).groupByKey().count()
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in').pipeKeyValueList([
      ['a', 'x'],
      [null, 'x'],
    ])

    expect(driver.metrics()).toMatchObject({ recordsProcessed: 2, recordsDropped: { 'null-key': 1 } })
    expect(driver.metrics().commits).toBeGreaterThanOrEqual(2)
  })

  it('that are dropped are logged, if a logger is given', async () => {
    const lines: string[] = []
    const logger: Logger = { debug() {}, info() {}, warn: (_, message) => void lines.push(message), error() {} }
    const builder = new StreamsBuilder()
    builder.stream('in', strings).groupByKey().count()
    await using driver = new TopologyTestDriver(builder.build(), { logger })
    await driver.createInputTopic('in').pipeInput({ value: 'x' })

    expect(lines).toHaveLength(1)
  })
})

describe('a driver', () => {
  it('closes processors once, and lets its output be read', async () => {
    let closed = 0
    const driver = new TopologyTestDriver(
      processing((context) => ({ process: (record) => context.forward(record), close: () => void closed++ })),
    )
    const input = driver.createInputTopic('in')
    const output = driver.createOutputTopic('out')
    const piped = input.pipeInput({ value: 'x' })
    await driver.close()
    await driver.close()
    await piped

    expect(closed).toBe(1)
    expect(output.readValue()).toBe('x')
    await expect(input.pipeInput({ value: 'y' })).rejects.toMatchObject({ code: 'STREAMS_NOT_RUNNING' })
    await expect(driver.advanceWallClockTime(1)).rejects.toThrow('closed')
  })

  it('throws what a processor throws when it is closed, after all others were', async () => {
    let closed = 0
    const topology = processing(() => ({
      process() {},
      close() {
        throw new Error('not closed')
      },
    })).addProcessor('other', { parents: 'source', create: () => ({ process() {}, close: () => void closed++ }) })
    const driver = new TopologyTestDriver(topology)
    await driver.start()

    await expect(driver.close()).rejects.toThrow('not closed')
    expect(closed).toBe(1)
  })

  it('shows what processors write when they are made, once it has started', async () => {
    const topology = processing((context) => {
      context.store<KeyValueStore<string, string>>('seen').put('made', 'yes')
      return { process() {} }
    }).addStateStore(stores.keyValue('seen', strings), 'processor')
    await using driver = new TopologyTestDriver(topology)
    await driver.start()

    expect(driver.getKeyValueStore('seen')?.get('made')).toBe('yes')
    expect(driver.producedTopicNames()).toEqual(['test-driver-seen-changelog'])
  })

  it('gives its processors the application id and a task id', async () => {
    const seen: string[] = []
    const topology = processing((context) => {
      seen.push(`${context.applicationId} ${context.taskId}`)
      return { process() {} }
    })
    await using driver = new TopologyTestDriver(topology, { applicationId: 'clicks' })
    await driver.start()

    expect(seen).toEqual(['clicks 0_0'])
  })

  it.each<[object, string]>([
    [{ partitions: 0 }, "'partitions' is 0"],
    [{ partitions: { in: 1.5 } }, "'partitions' is 1.5"],
    [{ initialWallClockTimeMs: -1 }, "'initialWallClockTimeMs' is -1"],
    [{ maxRecordsPerCall: 0 }, "'maxRecordsPerCall' is 0"],
    [{ cacheBytes: -1 }, "'cacheBytes'"],
    [{ comitIntervalMs: 1 }, "did you mean 'commitIntervalMs'?"],
  ])('refuses %j', (options, message) => {
    const make = () =>
      new TopologyTestDriver(
        processing(() => ({ process() {} })),
        options,
      )
    expect(make).toThrow(message)
  })

  it('refuses what KafkaStreams would refuse', () => {
    expect(() => new TopologyTestDriver(new Topology())).toThrow(
      expect.objectContaining({ code: 'STREAMS_EMPTY_TOPOLOGY' }),
    )
  })
})

/** A record as context.forward takes it. */
function record(value: string) {
  return { key: 'key', value, headers: [], topic: '', partition: -1, offset: -1 }
}
