// Callbacks and processors that return promises.
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { StreamRecord } from '../../lib/core/record.ts'
import { ProcessingError } from '../../lib/runtime/errors.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

/** Promises that a test settles by name. */
class Gates {
  readonly waiting = new Map<string, { open: () => void; fail: (error: unknown) => void }>()

  wait(name: string): Promise<void> {
    return new Promise((open, fail) => {
      this.waiting.set(name, { open, fail })
    })
  }

  async open(name: string): Promise<void> {
    await until(`somebody waits for '${name}'`, () => this.waiting.has(name))
    this.waiting.get(name)!.open()
    this.waiting.delete(name)
  }
}

describe('asynchronous processing', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 2, out: 1 })
  })
  afterEach(() => app.close())

  const values = () => app.read('out').map(({ value }) => value)

  it('takes one record of a task at a time, in order; other tasks go on', async () => {
    const gates = new Gates()
    const started: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .mapValues(async (value) => {
        started.push(value)
        if (value.startsWith('slow')) await gates.wait(value)
        return value
      }, strings)
      .to('out')
    await app.start(builder.build())
    await app.produce('in', { value: 'slow-1' }, { value: 'slow-2' }, { value: 'fast', partition: 1 })
    await until('the other task has committed', () => values().includes('fast'))

    expect(started).not.toContain('slow-2')
    expect(await app.committed('in')).toEqual([-1, app.ends('in')[1]])
    await gates.open('slow-1')
    await gates.open('slow-2')
    await app.caughtUp('in')
    expect(values()).toEqual(['fast', 'slow-1', 'slow-2'])
  })

  it('a commit waits for the record in process', async () => {
    const gates = new Gates()
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .flatMapValues((value) => [`${value}1`, `${value}2`])
      .mapValues(async (value) => {
        if (value.endsWith('2')) await gates.wait(value)
        return value
      }, strings)
      .to('out')
    await app.start(builder.build())
    await app.produce('in', { value: 'a' })
    await until('it hangs between the two', () => gates.waiting.has('a2'))
    await sleep(systemClock, 60) // Two commit intervals, in which a commit of half a record would show.
    expect(values()).toEqual([])
    await gates.open('a2')
    await app.caughtUp('in')
    expect(values()).toEqual(['a1', 'a2'])
  })

  it('forwards that nobody awaits keep their order and belong to their record', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .process<string, string>({
        ...strings,
        create: (context) => ({
          process: (record) => {
            for (const part of ['x', 'y', 'z']) void context.forward(record.withValue(record.value + part))
          },
        }),
      })
      .mapValues(async (value) => {
        // The first takes longest: order must not depend on it.
        await sleep(systemClock, value.endsWith('x') ? 8 : 1)
        return value
      }, strings)
      .to('out')
    await app.produce('in', { value: 'a' }, { value: 'b' })
    await app.start(builder.build())
    await app.caughtUp('in')

    expect(values()).toEqual(['ax', 'ay', 'az', 'bx', 'by', 'bz'])
  })

  it.each([
    {
      how: 'throws',
      fail: () => {
        throw new Error('no luck')
      },
    },
    {
      how: 'rejects',
      fail: async () => {
        throw new Error('no luck')
      },
    },
    {
      how: 'rejects later',
      fail: async () => {
        await sleep(systemClock, 5)
        throw new Error('no luck')
      },
    },
  ])('a callback that $how stops the instance, and the error tells where', async ({ fail }) => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .peek((value) => (value === 'bad' ? fail() : undefined))
      .to('out')
    const instance = await app.start(builder.build())
    await app.produce(
      'in',
      { value: 'good', partition: 1 },
      { value: 'bad', partition: 1 },
      { value: 'never', partition: 1 },
    )
    const error = await instance.failed()

    expect(error).toBeInstanceOf(ProcessingError)
    expect(error).toMatchObject({
      code: 'STREAMS_PROCESSING',
      taskId: '0_1',
      place: { topic: 'in', partition: 1, offset: 1 },
      cause: expect.objectContaining({ message: 'no luck' }),
      node: 'KSTREAM-PEEK-0000000001',
      message: "Node 'KSTREAM-PEEK-0000000001' of task 0_1 failed on the record at in-1 offset 1: no luck",
    })
    expect(instance.states).toEqual(['REBALANCING', 'RUNNING', 'PENDING_ERROR', 'ERROR'])
    expect(values()).not.toContain('never')
    expect((await app.committed('in'))[1]).toBeLessThanOrEqual(1)
  })

  it('a forward that nobody awaits fails the record all the same', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .process<string, string>({
        ...strings,
        create: (context) => ({ process: (record) => void context.forward(record) }),
      })
      .peek(async () => {
        await sleep(systemClock, 1)
        throw new Error('downstream')
      })
      .to('out')
    const instance = await app.start(builder.build())
    await app.produce('in', { value: 'a' })

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_PROCESSING', place: { topic: 'in', offset: 0 } })
    expect(values()).toEqual([])
  })

  it('a punctuator that fails stops the instance', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).process({
      create: (context) => {
        context.schedule({ everyMs: 5, time: 'wall-clock' }, async () => {
          throw new Error('tick')
        })
        return { process: () => {} }
      },
    })
    const instance = await app.start(builder.build())
    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_PROCESSING',
      message: expect.stringContaining('tick'),
    })
  })

  it('an asynchronous init is awaited before the first record', async () => {
    const events: string[] = []
    const builder = new StreamsBuilder()
    builder.stream('in', strings).process({
      create: ({ taskId }) => ({
        init: async () => {
          await sleep(systemClock, 10)
          events.push(`${taskId} ready`)
        },
        process: () => void events.push(`${taskId} record`),
      }),
    })
    await app.produce('in', { value: 'a' })
    await app.start(builder.build())
    await app.caughtUp('in')
    expect(events.filter((event) => event.startsWith('0_0'))).toEqual(['0_0 ready', '0_0 record'])
  })

  it('a callback that never settles does not keep an instance from closing, and its record is read again', async () => {
    const hanging = new StreamsBuilder()
    let reached = false
    hanging
      .stream('in', strings)
      .peek(() => {
        reached = true
        return new Promise<void>(() => {})
      })
      .to('out')
    const instance = await app.start(hanging.build(), 'a', { requestTimeoutMs: 300 })
    await app.produce('in', { value: 'a' })
    await until('the callback was called', () => reached)
    await instance.close()

    expect(instance.state).toBe('NOT_RUNNING')
    expect(instance.logged('has not settled in time')?.fields).toMatchObject({
      node: 'KSTREAM-PEEK-0000000001',
      ms: 300,
    })
    const plain = new StreamsBuilder()
    plain.stream('in', strings).to('out')
    await app.start(plain.build())
    await app.caughtUp('in')
    expect(values()).toEqual(['a'])
  })

  it('a callback that never settles does not keep an instance from failing over another task', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .peek((value) => {
        if (value === 'bad') throw new Error('broken')
        return new Promise<void>(() => {})
      })
      .to('out')
    const instance = await app.start(builder.build(), 'a', { requestTimeoutMs: 300 })
    await app.produce('in', { value: 'hang', partition: 1 }, { value: 'bad' })

    expect(await instance.failed()).toMatchObject({ message: expect.stringContaining('broken') })
  })

  it('a commit also waits for a punctuation that an asynchronous record has set off', async () => {
    const gates = new Gates()
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .process<string, string>({
        ...strings,
        create: (context) => {
          context.schedule({ everyMs: 10, time: 'stream' }, async () => {
            await gates.wait('tick')
            await context.forward(new StreamRecord('k', 'tick', 1))
          })
          return {
            process: async (record) => {
              await gates.wait('record')
              await context.forward(record)
            },
          }
        },
      })
      .to('out')
    await app.start(builder.build())
    await app.produce('in', { key: 'k', value: 'record', timestamp: 5 })
    await until('the record waits', () => gates.waiting.has('record'))
    // By now a commit is due for some time, and waits for the record.
    const dueMs = systemClock.monotonicMs() + 100
    await until('a commit waits', () => systemClock.monotonicMs() > dueMs)
    await gates.open('record')
    await until('the punctuation waits', () => gates.waiting.has('tick'))
    const laterMs = systemClock.monotonicMs() + 100
    await until('a commit could have ended', () => systemClock.monotonicMs() > laterMs)

    expect(await app.committed('in')).toEqual([-1, -1])
    await gates.open('tick')
    await app.caughtUp('in')
    expect(values()).toEqual(['record', 'tick'])
  })
})
