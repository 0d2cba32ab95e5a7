// Records that cannot be read, processed or written: what an application decides about them happens, and exactly once the dead letter, the results and the offset behind the
// record are seen together or not at all.
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import type { Header } from '../../lib/core/record.ts'
import { deadLetterOf } from '../../lib/runtime/dead-letter.ts'
import {
  type DeserializationHandler,
  type ErrorContext,
  handlers,
  type ProcessingHandler,
  type ProductionHandler,
} from '../../lib/runtime/error-handlers.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { TestApp, type TestInstance } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const T = 1_700_000_000_000
const S = serdes.string()
const later = <V>(value: V): Promise<V> => new Promise((resolve) => setImmediate(resolve, value))

/** Numbers as text; anything else cannot be read. */
const digits: Serde<number> = {
  serialize: (_, value) => Buffer.from(String(value)),
  deserialize: (_, bytes) => {
    if (!/^\d+$/.test(bytes.toString())) throw new TypeError(`no number: ${bytes}`)
    return Number(bytes.toString())
  },
}

function built(build: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

/** Adds up numbers by key. */
const sums = (value: Serde<number> = digits) =>
  built((b) =>
    b
      .stream('in', { key: S, value })
      .groupByKey()
      .reduce((left, right) => left + right, { value, caching: false })
      .toStream()
      .to('out'),
  )

/** Fails on values that begin with x, and if they begin with xx later. */
const mapped = (serde: Serde<string> = S) =>
  built((b) =>
    b
      .stream('in', strings)
      .mapValues(
        (value) => {
          if (value.startsWith('xx')) return later(value).then(() => Promise.reject(new RangeError(`later: ${value}`)))
          if (value.startsWith('x')) throw new RangeError(`at once: ${value}`)
          return value
        },
        { value: serde, name: 'map' },
      )
      .to('out', { key: S, value: serde }),
  )

let app: TestApp
afterEach(() => app.close())

const make = (settings: ConstructorParameters<typeof TestApp>[0] = {}) =>
  new TestApp(settings).topics({ in: 1, out: 1, dead: 1 })

/** Records as `key value`. */
const pairs = (topic: string) => app.read(topic).map(({ key, value }) => `${key} ${value}`)

function feed(...records: readonly string[]): Promise<void> {
  return app.produce(
    'in',
    ...records.map((record, i) => {
      const [key, value] = record.split(' ')
      return { key: key!, value: value!, timestamp: T + i }
    }),
  )
}

const headersOf = (headers: readonly Header[]) =>
  Object.fromEntries(headers.map(([name, value]) => [name.replace('__streams.errors.', '.'), value?.toString()]))

const letters = () =>
  app.cluster.records('dead', 0).map(({ key, value, timestamp, headers }) => ({
    record: `${key} ${value}`,
    timestamp: timestamp - T,
    ...headersOf(headers),
  }))

describe('an input record that cannot be read', () => {
  it('stops the instance without a handler', async () => {
    app = make()
    const instance = await app.start(sums())
    await feed('a 1', 'a bad', 'a 2')

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_RECORD_DESERIALIZATION', part: 'value' })
  })

  it.each(['exactly_once', 'at_least_once'] as const)('is left behind, with a dead letter: %s', async (guarantee) => {
    app = make({
      processingGuarantee: guarantee,
      deserializationHandler: handlers.logAndContinue,
      deadLetterQueueTopic: 'dead',
    })
    const instance = await app.start(sums())
    await feed('a 1', 'a bad', 'a 2', 'b bad', 'c worse')
    // Nothing but its position has changed since the last good record.
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a 1', 'a 3'])
    expect(letters()).toEqual([
      {
        record: 'a bad',
        timestamp: 1,
        '.exception': 'TypeError',
        '.message': 'no number: bad',
        '.stacktrace': expect.stringContaining('TypeError: no number: bad\n'),
        '.topic': 'in',
        '.partition': '0',
        '.offset': '1',
      },
      expect.objectContaining({ record: 'b bad', '.offset': '3' }),
      expect.objectContaining({ record: 'c worse', '.offset': '4' }),
    ])
    expect(instance.streams.metrics().recordsDropped['deserialization-error']).toBe(3)
    const logged = instance.log.filter(({ message }) => message.startsWith('going on without a record'))
    expect(logged.map(({ fields }) => [fields.task, fields.node, fields.offset])).toEqual([
      ['0_0', 'KSTREAM-SOURCE-0000000000', 1],
      ['0_0', 'KSTREAM-SOURCE-0000000000', 3],
      ['0_0', 'KSTREAM-SOURCE-0000000000', 4],
    ])
  })

  it('has one dead letter also if its transaction is aborted and done again', async () => {
    app = make({ deserializationHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead', commitIntervalMs: 5 })
    let [ends, aborted] = [0, 0]
    app.cluster.intercept((exchange) => {
      if (exchange.api !== 'endTxn' || ++ends % 2 !== 0 || aborted >= 5) return undefined
      aborted++
      return { answer: errorResponse(exchange, errorCodes.PRODUCER_FENCED) }
    })
    let asked = 0
    const deserializationHandler: DeserializationHandler = () => {
      asked++
      return 'continue'
    }
    await app.start(sums(), 'a', { deserializationHandler })
    for (let round = 0; round < 12; round++) {
      await feed(`a ${round}`, `b bad${round}`, `c ${round}`, `a bad`)
      await app.caughtUp('in')
    }

    expect(aborted).toBeGreaterThan(2)
    expect(asked).toBeGreaterThan(24)
    const offsets = letters().map((letter) => Number((letter as Record<string, unknown>)['.offset']))
    expect(offsets).toEqual(Array.from({ length: 24 }, (_, i) => 2 * i + 1))
    expect(app.latest('out')).toEqual(
      new Map([
        ['a', '66'],
        ['c', '66'],
      ]),
    )
  })

  it('stops the instance if the handler says so: nothing is written about it', async () => {
    app = make({ deserializationHandler: handlers.logAndFail, deadLetterQueueTopic: 'dead' })
    const instance = await app.start(sums())
    await feed('a bad')

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_RECORD_DESERIALIZATION' })
    expect(instance.logged('a record cannot be handled')).toMatchObject({ level: 'error', fields: { offset: 0 } })
    expect(app.ends('dead')).toEqual([0])
    expect(await app.committed('in')).not.toEqual([1])
  })

  it('may be one whose serde could not fetch what it needs', async () => {
    const fetching: Serde<number> = {
      ...digits,
      prepare: async (_, bytes) => {
        if (await later(bytes.toString() === 'bad')) throw new Error('no such schema')
      },
    }
    app = make({ deserializationHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead' })
    await app.start(sums(fetching))
    await feed('a 1', 'a bad', 'a bad', 'a 2', 'a bad')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a 1', 'a 3'])
    expect(letters().map((letter) => (letter as Record<string, unknown>)['.message'])).toEqual(
      Array.from({ length: 3 }, () => 'no such schema'),
    )
  })

  it('is left behind again, without a second letter, when a table is restored from its topic', async () => {
    app = make({ deserializationHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead' })
    const topology = () => {
      const builder = new StreamsBuilder()
      builder.table('in', { key: S, value: digits, store: 'table' }).toStream().to('out')
      return builder.build({ optimization: 'all' })
    }
    const first = await app.start(topology(), 'a')
    await feed('a 1', 'a bad', 'b 2')
    await app.caughtUp('in')
    await first.close()
    const second = await app.start(topology(), 'b')
    await feed('c 3')
    await app.caughtUp('in')

    expect(second.restored.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(0)
    expect(letters()).toHaveLength(1)
    expect(pairs('out')).toEqual(['a 1', 'b 2', 'c 3'])
  })
})

describe('a record on which a processor fails', () => {
  it('stops the instance without a handler', async () => {
    app = make()
    const instance = await app.start(mapped())
    await feed('a x')
    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_PROCESSING', cause: expect.any(RangeError) })
  })

  it.each(['exactly_once', 'at_least_once'] as const)('is left behind, at once or later: %s', async (guarantee) => {
    app = make({
      processingGuarantee: guarantee,
      processingHandler: handlers.logAndContinue,
      deadLetterQueueTopic: 'dead',
    })
    const instance = await app.start(mapped())
    await feed('a 1', 'a x1', 'b xx2', 'a 2', 'c x')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a 1', 'a 2'])
    expect(letters()).toMatchObject([
      { record: 'a x1', timestamp: 1, '.exception': 'RangeError', '.message': 'at once: x1', '.offset': '1' },
      { record: 'b xx2', timestamp: 2, '.exception': 'RangeError', '.message': 'later: xx2', '.offset': '2' },
      { record: 'c x', timestamp: 4, '.offset': '4' },
    ])
    expect(instance.streams.metrics().recordsDropped['processing-error']).toBe(3)
  })

  it('is left out at that node only: siblings get it, and what was forwarded before stays', async () => {
    app = make({ processingHandler: () => 'continue' }).topics({ other: 1 })
    await app.start(
      built((b) => {
        const stream = b.stream('in', strings)
        const twice = stream.process({
          create: (context) => ({
            process: (record) => {
              void context.forward(record)
              if (record.value === 'x') throw new Error('after the forward')
              return context.forward(record)
            },
          }),
          ...strings,
        })
        twice.to('out')
        stream.to('other')
      }),
    )
    await feed('a 1', 'a x', 'a 2')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a 1', 'a 1', 'a x', 'a 2', 'a 2'])
    expect(pairs('other')).toEqual(['a 1', 'a x', 'a 2'])
  })

  it('is told to the handler: the error itself, the node, the record there, the input record’s bytes', async () => {
    const asked: unknown[] = []
    const processingHandler: ProcessingHandler = (error, { logger, record, rawKey, rawValue, ...context }) => {
      asked.push([error, `${record?.key} ${record?.value}`, `${rawKey} ${rawValue}`, context])
      return 'continue'
    }
    app = make({ processingHandler })
    await app.start(
      built((b) =>
        b
          .stream('in', strings)
          .map((value, key) => [`${key}!`, value], strings)
          .filter(
            () => {
              throw 'thrown without an Error'
            },
            { name: 'picky' },
          )
          .to('out'),
      ),
    )
    await feed('a 1')
    await app.caughtUp('in')

    const context = { taskId: '0_0', node: 'picky', topic: 'in', partition: 0, offset: 0, timestamp: T, headers: [] }
    expect(asked).toEqual([['thrown without an Error', 'a! 1', 'a 1', context]])
  })

  it('comes from its repartition topic, with the bytes that lie there', async () => {
    app = make({ processingHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead' })
    await app.start(
      built((b) =>
        b
          .stream('in', strings)
          .groupBy((value) => value[0]!, { name: 'by-letter', key: S, value: S })
          .reduce((left, right) => {
            if (right === 'zz') throw new Error('no')
            return left + right
          })
          .toStream()
          .to('out'),
      ),
    )
    await feed('k z1', 'k zz', 'k z2')
    await app.caughtUp('in', 'app-by-letter-repartition')

    expect(app.latest('out')).toEqual(new Map([['z', 'z1z2']]))
    expect(letters()).toMatchObject([{ record: 'z zz', '.topic': 'app-by-letter-repartition', '.offset': '1' }])
  })

  it('may have been held back: then the letter has its headers and place, and no bytes', async () => {
    const contexts: ErrorContext[] = []
    const processingHandler: ProcessingHandler = (_, context) => {
      contexts.push(context)
      return 'continue'
    }
    app = make({ processingHandler })
    await app.start(
      built((b) =>
        b
          .table('in', strings)
          .suppress({ until: 'time-limit', timeLimitMs: 1 })
          .toStream()
          .foreach((value) => {
            throw new Error(`no ${value}`)
          }),
      ),
    )
    await feed('a 1', 'b 2')
    await app.caughtUp('in')

    expect(contexts).toMatchObject([{ offset: 0, timestamp: T, rawKey: null, rawValue: null }])
  })

  it('may be none: punctuators fail too', async () => {
    const asked: unknown[] = []
    const processingHandler: ProcessingHandler = (error, { record, rawKey, node, topic, offset }) => {
      asked.push([`${error}`, record, rawKey, node, topic, offset])
      return 'continue'
    }
    app = make({ processingHandler })
    let fired = 0
    await app.start(
      built((b) =>
        b
          .stream('in', strings)
          .process({
            name: 'ticking',
            create: (context) => {
              context.schedule({ everyMs: 1, time: 'stream' }, () => {
                fired++
                if (fired % 2 === 1) throw new Error('at once')
                return later(0).then(() => Promise.reject(new Error('later')))
              })
              return { process: (record) => context.forward(record) }
            },
            ...strings,
          })
          .to('out'),
      ),
    )
    await feed('a 1', 'a 2', 'a 3')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a 1', 'a 2', 'a 3'])
    expect(asked.length).toBe(fired)
    expect(asked.slice(0, 2)).toEqual([
      ['Error: at once', undefined, null, 'ticking', '', -1],
      ['Error: later', undefined, null, 'ticking', '', -1],
    ])
  })
})

describe('a record that cannot be written', () => {
  const picky: Serde<string> = {
    ...S,
    serialize: (topic, value) => {
      if (value.startsWith('!')) throw new TypeError('unwritable')
      return S.serialize(topic, value)
    },
    deserialize: S.deserialize,
  }

  it('is left behind if it cannot be serialized', async () => {
    app = make({ productionHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead' })
    const instance = await app.start(mapped(picky))
    await feed('a 1', 'a !', 'a 2')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a 1', 'a 2'])
    expect(letters()).toMatchObject([{ record: 'a !', '.exception': 'TypeError', '.message': 'unwritable' }])
    expect(instance.streams.metrics().recordsDropped['production-error']).toBe(1)
  })

  it('is the production handler’s alone: what that one fails on, a processing handler is not asked about', async () => {
    let asked = 0
    const processingHandler: ProcessingHandler = () => {
      asked++
      return 'continue'
    }
    app = make({ processingHandler })
    const instance = await app.start(mapped(picky))
    await feed('a !')

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_RECORD_SERIALIZATION', part: 'value' })
    expect(asked).toBe(0)
  })

  it('is left behind if it is too large', async () => {
    const errors: unknown[] = []
    const productionHandler: ProductionHandler = (error, { node, record }) => {
      errors.push([error.code, node, record.value.length])
      return 'continue'
    }
    app = make({ productionHandler, maxRequestBytes: 2_000 })
    await app.start(
      built((b) =>
        b
          .stream('in', strings)
          .mapValues((size) => 'y'.repeat(Number(size)), { value: S })
          .to('out', { name: 'sink' }),
      ),
    )
    await feed('a 3', 'a 5000', 'a 4')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a yyy', 'a yyyy'])
    expect(errors).toEqual([['STREAMS_RECORD_TOO_LARGE', 'sink', 5_000]])
  })

  it('waits for its topic if the handler wants to try again', async () => {
    let asked = 0
    const productionHandler: ProductionHandler = (error) => {
      expect(error.code).toBe('STREAMS_MISSING_SINK_TOPIC')
      if (++asked === 2) app.topics({ missing: 1 })
      return 'retry'
    }
    app = make({ productionHandler })
    await app.start(built((b) => b.stream('in', strings).to((value) => value)))
    await feed('a out', 'b missing', 'c out')
    await app.caughtUp('in')

    expect(asked).toBeGreaterThanOrEqual(2)
    expect(pairs('out')).toEqual(['a out', 'c out'])
    expect(pairs('missing')).toEqual(['b missing'])
  })

  it('cannot be tried again if it is the record’s own fault', async () => {
    app = make({ productionHandler: () => 'retry' })
    const instance = await app.start(mapped(picky))
    await feed('a !')
    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_RECORD_SERIALIZATION' })
  })

  it('may have a callback that fails: choosing a topic is processing', async () => {
    app = make({ processingHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead' })
    await app.start(
      built((b) =>
        b.stream('in', strings).to(
          (value) => {
            if (value === 'x') throw new Error('which?')
            return value
          },
          { name: 'sink' },
        ),
      ),
    )
    await feed('a out', 'a x', 'b out')
    await app.caughtUp('in')

    expect(pairs('out')).toEqual(['a out', 'b out'])
    expect(letters()).toMatchObject([{ record: 'a x', '.message': 'which?' }])
  })
})

describe('dead letters', () => {
  it('are what the handler makes of them: elsewhere, several, or none', async () => {
    const processingHandler: ProcessingHandler = (error, context) => {
      const letter = deadLetterOf(error, context)
      const value = String(context.rawValue)
      if (value === 'x0') return { decision: 'continue', deadLetters: [] }
      const short = { ...letter, topic: 'short', value: null, headers: letter.headers.slice(0, 2) }
      return { decision: 'continue', deadLetters: [letter, short] }
    }
    app = make({ processingHandler, deadLetterQueueTopic: 'dead' }).topics({ short: 3 })
    await app.start(mapped())
    await feed('a x0', 'a x1', 'b x2')
    await app.caughtUp('in')

    expect(letters().map(({ record }) => record)).toEqual(['a x1', 'b x2'])
    expect(new Set(pairs('short'))).toEqual(new Set(['a null', 'b null']))
  })

  it('need their topic to exist', async () => {
    app = new TestApp({ deserializationHandler: handlers.logAndContinue, deadLetterQueueTopic: 'nowhere' })
    app.topics({ in: 1, out: 1 })
    const instance = await app.start(sums())
    await feed('a 1', 'a bad', 'a 2')

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_MISSING_SINK_TOPIC', topic: 'nowhere' })
    expect(await app.committed('in')).not.toEqual([3])
  })

  it('are partitioned as records are', async () => {
    app = new TestApp({ processingHandler: handlers.logAndContinue, deadLetterQueueTopic: 'dead' })
    app.topics({ in: 1, out: 4, dead: 4 })
    await app.start(mapped())
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    await feed(...keys.map((key) => `${key} 1`), ...keys.map((key) => `${key} x`))
    await app.caughtUp('in')

    const partitions = (topic: string) => new Map(app.read(topic).map(({ key, partition }) => [key, partition]))
    expect(partitions('dead').size).toBe(6)
    expect(partitions('dead')).toEqual(partitions('out'))
  })
})

describe('a handler', () => {
  const fails = async (settings: ConstructorParameters<typeof TestApp>[0]): Promise<Error> => {
    app = make(settings)
    const instance: TestInstance = await app.start(mapped())
    await feed('a x')
    const error = await instance.failed()
    expect(app.ends('out')).toEqual([0])
    return error
  }

  it('that throws stops the instance, with both errors', async () => {
    const cause = new Error('of the handler')
    const processingHandler = () => {
      throw cause
    }
    expect(await fails({ processingHandler })).toMatchObject({
      code: 'STREAMS_ERROR_HANDLER',
      handler: 'processingHandler',
      handled: expect.any(RangeError),
      cause,
    })
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /and returned undefined/],
    ['a promise', Promise.resolve('continue'), /a promise: handlers are synchronous/],
    ['what only another may', 'retry', /must return 'fail', 'continue' or .* returned "retry"/],
    ['letters without a decision', { deadLetters: [] }, /must return/],
    [
      'a letter for nowhere',
      { decision: 'continue', deadLetters: [{ key: null, value: null, timestamp: 0, headers: [] }] },
      /a dead letter without a topic, and there is no deadLetterQueueTopic/,
    ],
  ])('that returns %s stops the instance', async (_, result, message) => {
    expect(await fails({ processingHandler: () => result as 'continue' })).toMatchObject({
      code: 'STREAMS_ERROR_HANDLER',
      message: expect.stringMatching(message),
    })
  })

  it('is asked once about an error that is to stop the instance', async () => {
    let asked = 0
    const processingHandler: ProcessingHandler = () => {
      asked++
      return 'fail'
    }
    expect(await fails({ processingHandler })).toMatchObject({ code: 'STREAMS_PROCESSING' })
    expect(asked).toBe(1)
  })

  it('is not asked about what is not the record’s fault', async () => {
    let asked = 0
    const processingHandler: ProcessingHandler = () => {
      asked++
      return 'continue'
    }
    app = make({ processingHandler })
    const instance = await app.start(
      built((b) =>
        b.table('in', strings).suppress({ until: 'time-limit', timeLimitMs: 9, maxRecords: 1, whenFull: 'shut-down' }),
      ),
    )
    await feed('a 1', 'b 2')

    expect(await instance.failed()).toMatchObject({ code: 'STREAMS_SUPPRESS_BUFFER_FULL' })
    expect(asked).toBe(0)
  })

  it.each(['deserializationHandler', 'processingHandler', 'productionHandler'] as const)(
    'has to be a function: %s',
    (option) => {
      app = make()
      expect(() => app.open(mapped(), 'a', { [option]: 'logAndContinue' as never })).toThrow(
        expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option }),
      )
      expect(() => app.open(mapped(), 'a', { deadLetterQueueTopic: 'a b' })).toThrow(
        expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option: 'deadLetterQueueTopic' }),
      )
    },
  )
})

it('a timestamp extractor that throws stops the instance, whatever handlers there are', async () => {
  app = make({ deserializationHandler: handlers.logAndContinue, processingHandler: handlers.logAndContinue })
  const instance = await app.start(
    built((b) =>
      b
        .stream('in', {
          ...strings,
          timestamp: () => {
            throw new Error('what time?')
          },
        })
        .to('out'),
    ),
  )
  await feed('a 1')
  await until('it fails', () => instance.errors.length > 0)
  expect(instance.errors[0]).toMatchObject({ code: 'STREAMS_TIMESTAMP_EXTRACTOR', cause: { message: 'what time?' } })
})
