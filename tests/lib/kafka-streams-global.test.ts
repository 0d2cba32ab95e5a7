// Global tables and stores: every instance reads all of a topic, before its tasks run and ever after.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyResponse, Exchange } from '../../lib/client/memory/faults.ts'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { handlers } from '../../lib/runtime/error-handlers.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { KeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { GlobalTableOptions } from '../../topology/options.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { type PlainRecord, TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

/** Each record of `in` with the city that `cities` has for its value. */
function lookUp(options: Partial<GlobalTableOptions<string, string>> = {}): Topology {
  const builder = new StreamsBuilder()
  const cities = builder.globalTable('cities', { ...strings, store: 'cities', ...options })
  builder
    .stream('in', strings)
    .leftJoin(
      cities,
      (code) => code,
      (code, city) => `${code} ${city}`,
    )
    .to('out', strings)
  return builder.build()
}

function fetchesCities(exchange: Exchange): true | undefined {
  return exchange.api === 'fetch' && exchange.request.topics.some(({ name }) => name === 'cities') ? true : undefined
}

function outOfRange(exchange: Exchange): AnyResponse {
  return errorResponse(exchange, errorCodes.OFFSET_OUT_OF_RANGE)
}

const CODES = Array.from({ length: 50 }, (_, i) => `c${i}`)
const cities = (suffix = '', codes: readonly string[] = CODES): PlainRecord[] =>
  codes.map((key, i) => ({ key, value: `City ${key}${suffix}`, partition: i % 3 }))

describe('a global table', () => {
  let app: TestApp
  beforeEach(() => {
    // Short, so that a second instance gets its tasks soon.
    app = new TestApp({ sessionTimeoutMs: 1_500 }).topics({ in: 2, out: 2, cities: 3 })
  })
  afterEach(() => app.close())

  const values = () => app.read('out').map(({ value }) => value)
  const asks = (codes: readonly string[]): PlainRecord[] =>
    codes.map((value, i) => ({ key: `k${i}`, value, partition: i % 2 }))

  /** Asks both partitions until both have the answer. */
  const both = (code: string, answer: string) =>
    until(`both instances say '${code} ${answer}'`, async () => {
      await app.produce('in', { key: 'a', value: code, partition: 0 }, { key: 'b', value: code, partition: 1 })
      await app.caughtUp('in')
      const answers = new Map(app.read('out').map(({ key, value }) => [key, value]))
      return answers.get('a') === `${code} ${answer}` && answers.get('b') === `${code} ${answer}`
    })

  it('is there, all partitions of it, before the first record is processed, in each of two instances', async () => {
    await app.produce('cities', ...cities())
    await app.produce('in', ...asks(CODES))
    const first = await app.start(lookUp(), 'a')
    const second = await app.start(lookUp(), 'b')
    await app.caughtUp('in')

    expect(values().sort()).toEqual(CODES.map((code) => `${code} City ${code}`).sort())
    expect(first.restored.find(({ store }) => store === 'cities')).toMatchObject({ partition: -1, records: 50 })
    expect(second.restored.find(({ store }) => store === 'cities')).toMatchObject({ partition: -1, records: 50 })
  })

  it('is followed by both instances', async () => {
    const instances = [await app.start(lookUp(), 'a'), await app.start(lookUp(), 'b')]
    await until('each has a task', () => instances.every(({ streams }) => streams.state === 'RUNNING'))
    await both('c7', 'null')

    await app.produce('cities', ...cities())
    await both('c7', 'City c7')
    await app.produce('cities', { key: 'c7', value: null, partition: 1 })
    await both('c7', 'null')

    // Both took part in it.
    const processed = instances.map(({ streams }) => streams.metrics().recordsProcessed)
    expect(Math.min(...processed)).toBeGreaterThan(0)
  })

  it('goes on where it was when it is started again', async () => {
    await app.produce('cities', ...cities())
    await (await app.start(lookUp())).close()
    await app.produce('cities', ...cities('!', ['c3', 'c4']))
    const again = await app.start(lookUp())
    await app.produce('in', ...asks(['c3', 'c5']))
    await app.caughtUp('in')

    expect(again.restored.find(({ store }) => store === 'cities')!.records).toBe(2)
    expect(values().sort()).toEqual(['c3 City c3!', 'c5 City c5'])
  })

  it('is read from the start when it is kept in memory only, or when its folder is lost', async () => {
    await app.produce('cities', ...cities())
    await (await app.start(lookUp({ persistent: false }))).close()
    const inMemory = await app.start(lookUp({ persistent: false }))
    await inMemory.close()
    await (await app.start(lookUp(), 'b')).close()
    rmSync(join(app.folder, 'b', 'app', 'global'), { recursive: true })
    const lost = await app.start(lookUp(), 'b')

    for (const { restored } of [inMemory, lost]) {
      expect(restored.find(({ store }) => store === 'cities')!.records).toBe(50)
    }
  })

  it('forgets what a topic that was created anew does not have', async () => {
    await app.produce('cities', ...cities())
    await (await app.start(lookUp())).close()
    app.cluster.deleteTopic('cities')
    app.cluster.createTopic('cities', { partitions: 3 })
    // More than before, so that the offsets alone would not tell.
    const others = Array.from({ length: 90 }, (_, i) => `d${i}`)
    await app.produce('cities', { key: 'c1', value: 'New' }, ...cities('?', others))
    await app.start(lookUp())
    await app.produce('in', ...asks(['c1', 'c2']))
    await app.caughtUp('in')

    expect(values().sort()).toEqual(['c1 New', 'c2 null'])
  })

  it('is read anew, and says so, when records that it has not seen were deleted', async () => {
    await app.produce('cities', ...cities())
    await (await app.start(lookUp())).close()
    // Its end, and a delete that is gone with it.
    await app.produce('cities', { key: 'c0', value: null }, { key: 'c99', value: 'Late' })
    app.cluster.deleteRecordsBefore('cities', 0, app.ends('cities')[0]! - 1)
    const again = await app.start(lookUp())
    await app.produce('in', ...asks(['c0', 'c1', 'c99']))
    await app.caughtUp('in')

    expect(again.logged('emptied and read anew')?.fields).toMatchObject({ store: 'cities', partition: 0 })
    expect(values().sort()).toEqual(['c0 null', 'c1 City c1', 'c99 Late'])
  })

  it('stops the instance when records that it has not seen are deleted while it runs', async () => {
    const instance = await app.start(lookUp())
    app.cluster.intercept((exchange) => fetchesCities(exchange) && { answer: outOfRange(exchange) })
    await app.produce('cities', ...cities())

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_GLOBAL_STORE_OUTDATED', topic: 'cities' })
  })

  it('begins anew when its topic is cut while it is read for the first time', async () => {
    await app.produce('cities', ...cities())
    let cuts = 0
    app.cluster.intercept((exchange) => {
      if (!fetchesCities(exchange) || cuts === 2) return undefined
      cuts++
      return { answer: outOfRange(exchange) }
    })
    const instance = await app.start(lookUp())
    await app.produce('in', ...asks(['c1', 'c2']))
    await app.caughtUp('in')

    expect(cuts).toBe(2)
    expect(instance.logged('was cut while it was read')).toBeDefined()
    expect(values().sort()).toEqual(['c1 City c1', 'c2 City c2'])
  })

  it('sees committed records only, and does not wait for open transactions', async () => {
    await app.transaction('commit', 'cities', { key: 'c1', value: 'Committed' })
    await app.transaction('abort', 'cities', { key: 'c2', value: 'Aborted' })
    await app.start(lookUp())
    await app.produce('in', ...asks(['c1', 'c2']))
    await app.caughtUp('in')

    expect(values().sort()).toEqual(['c1 Committed', 'c2 null'])
  })

  it('reads partitions that its topic gets while it runs', async () => {
    const instance = await app.start(lookUp(), 'a', { metadataMaxAgeMs: 30 })
    app.cluster.createPartitions('cities', 5)
    await app.produce('cities', { key: 'late', value: 'Far', partition: 4 })
    await both('late', 'Far')

    expect(instance.errors).toEqual([])
  })

  it('says which topic is missing', async () => {
    app.cluster.deleteTopic('cities')
    await expect(app.open(lookUp()).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_MISSING_SOURCE_TOPIC',
      topics: ['cities'],
    })
  })

  it('stops the instance at a record that cannot be read, by name, or leaves it out if the handler says so', async () => {
    await app.produce('cities', { key: 'c1', value: 'not eight bytes' }, { key: 'c2', value: '12345678' })
    const numbers = lookUp({ value: serdes.bigint() as any })
    await expect(app.open(numbers, 'a').streams.start()).rejects.toMatchObject({
      code: 'STREAMS_RECORD_DESERIALIZATION',
      place: { topic: 'cities', partition: 0, offset: 0 },
    })
    const going = await app.start(numbers, 'b', { deserializationHandler: handlers.logAndContinue })
    await app.produce('in', ...asks(['c1', 'c2']))
    await app.caughtUp('in')

    expect(going.streams.metrics().recordsDropped['deserialization-error']).toBe(1)
    expect(values().sort()).toEqual(['c1 null', `c2 ${Buffer.from('12345678').readBigInt64BE()}`])
  })

  it('is left alone by a close in the middle of its restore', async () => {
    await app.produce('cities', ...cities())
    let asked = 0
    app.cluster.intercept((exchange) => {
      if (!fetchesCities(exchange)) return undefined
      asked++
      return { dropRequest: 'silence' }
    })
    const instance = app.open(lookUp())
    const started = instance.streams.start()
    started.catch(() => {})
    await until('the restore waits for records', () => asked > 0)
    await instance.close()

    await expect(started).rejects.toMatchObject({ code: 'STREAMS_NOT_RUNNING' })
    expect(instance.state).toBe('NOT_RUNNING')
  })
})

describe('a global store of one’s own', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 1, out: 1, limits: 2 })
  })
  afterEach(() => app.close())

  type Limits = KeyValueStore<string, string>

  function limited(
    fill: (limits: Limits, key: string, value: string) => void | Promise<void>,
    read: (limits: Limits, value: string) => string = (limits, value) => limits.get(value) ?? 'none',
  ): Topology {
    const builder = new StreamsBuilder()
    builder.addGlobalStore(stores.keyValue('limits', strings), 'limits', {
      ...strings,
      create: (context) => {
        const limits = context.store<Limits>('limits')
        return { process: ({ key, value }) => fill(limits, key, value) }
      },
    })
    builder
      .stream('in', strings)
      .processValues<string>({
        ...strings,
        create: (context) => {
          const limits = context.store<Limits>('limits')
          return { process: (record) => context.forward(record.withValue(read(limits, record.value))) }
        },
      })
      .to('out')
    return builder.build()
  }

  it('is filled by its processor, also an asynchronous one, and read by others without being named', async () => {
    await app.produce('limits', { key: 'a', value: '1' }, { key: 'b', value: '2', partition: 1 })
    await app.start(
      limited(async (limits, key, value) => {
        await Promise.resolve()
        limits.put(key, `<${value}>`)
      }),
    )
    await app.produce('in', { key: 'x', value: 'a' }, { key: 'y', value: 'b' }, { key: 'z', value: 'c' })
    await app.caughtUp('in')

    expect(app.read('out').map(({ value }) => value)).toEqual(['<1>', '<2>', 'none'])
  })

  it('stops the instance when its processor fails, saying in which store and at which record', async () => {
    const instance = await app.start(
      limited((limits, key, value) => {
        if (value === 'bad') throw new Error('no such limit')
        limits.put(key, value)
      }),
    )
    await app.produce('limits', { key: 'a', value: '1' }, { key: 'b', value: 'bad' })

    const error = await instance.failed()
    expect(error).toMatchObject({ code: 'STREAMS_PROCESSING', taskId: 'global/limits' })
    expect(error.message).toContain('limits-0 offset 1: no such limit')
  })

  it('is closed without a callback that never settles', async () => {
    let asked = false
    const instance = await app.start(
      limited(() => {
        asked = true
        return new Promise(() => {})
      }),
      'a',
      { requestTimeoutMs: 200 },
    )
    await app.produce('limits', { key: 'a', value: '1' })
    await until('the callback is waited for', () => asked)
    await instance.close()

    expect(instance.state).toBe('NOT_RUNNING')
    expect(instance.logged('has not settled in time')).toBeDefined()
    // It is read again.
    const again = await app.start(limited((limits, key, value) => limits.put(key, value)))
    expect(again.restored.find(({ store }) => store === 'limits')!.records).toBe(1)
  })

  it('cannot be written by others', async () => {
    const instance = await app.start(
      limited(
        (limits, key, value) => limits.put(key, value),
        (limits, value) => {
          limits.put(value, 'mine')
          return value
        },
      ),
    )
    await app.produce('in', { key: 'x', value: 'a' })

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_READ_ONLY_STORE', store: 'limits' })
  })

  it('does without a stream: an instance that only keeps it takes no part in a group', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('limits', { ...strings, store: 'limits' })
    await app.produce('limits', { key: 'a', value: '1' })
    const instance = await app.start(builder.build())

    expect(instance.state).toBe('RUNNING')
    expect(instance.restored).toMatchObject([{ store: 'limits', records: 1 }])
    await instance.close()
    expect(instance.state).toBe('NOT_RUNNING')
  })
})
