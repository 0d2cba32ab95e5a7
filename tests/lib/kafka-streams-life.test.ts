// The life of an instance: start, close, their order and their repetition; events and metrics.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaStreams } from '../../lib/kafka-streams.ts'
import type { StreamsConfig } from '../../lib/runtime/config.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

function pipe() {
  const builder = new StreamsBuilder()
  builder.stream('in', strings).to('out')
  return builder.build()
}

describe('an instance', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 2, out: 1 })
  })
  afterEach(() => app.close())

  it('goes through its states in order, and tells each', async () => {
    const instance = app.open(countByKey())
    const moves: string[] = []
    instance.streams.on('state', ({ from, to }) => moves.push(`${from} → ${to}`))
    expect(instance.state).toBe('CREATED')
    await instance.streams.start()
    expect(instance.state).toBe('RUNNING')
    // Restored before it is running.
    expect(instance.restored).toHaveLength(2)
    await instance.close()

    expect(moves).toEqual([
      'CREATED → REBALANCING',
      'REBALANCING → RUNNING',
      'RUNNING → PENDING_SHUTDOWN',
      'PENDING_SHUTDOWN → NOT_RUNNING',
    ])
  })

  it('counts what it does', async () => {
    const instance = await app.start(countByKey())
    const { recordsDropped, ...counts } = instance.streams.metrics()
    expect(counts).toEqual({ recordsProcessed: 0, commits: 0, recordsRestored: 0, custom: [] })
    expect(Object.keys(recordsDropped)).toContain('null-key')
    expect(Object.values(recordsDropped).filter((count) => count !== 0)).toEqual([])
    await app.produce('in', { key: 'a', value: '1' }, { key: 'a', value: '2' }, { value: 'dropped' })
    await app.caughtUp('in')
    await until('the commit is counted', () => instance.streams.metrics().commits > 0)
    expect(instance.streams.metrics()).toMatchObject({ recordsProcessed: 3, recordsDropped: { 'null-key': 1 } })
  })

  it('is started once', async () => {
    const instance = await app.start(pipe())
    await expect(instance.streams.start()).rejects.toMatchObject({ code: 'STREAMS_NOT_RUNNING' })
    expect(instance.state).toBe('RUNNING')
    await instance.close()
    await expect(instance.streams.start()).rejects.toMatchObject({
      code: 'STREAMS_NOT_RUNNING',
      message: expect.stringContaining('NOT_RUNNING'),
    })
  })

  it('may be closed twice, at once or later', async () => {
    const instance = await app.start(pipe())
    await Promise.all([instance.close(), instance.close()])
    await instance.close()
    expect(instance.states).toEqual(['REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
  })

  it('may be closed before it was started', async () => {
    const instance = app.open(pipe())
    await instance.close()
    expect(instance.states).toEqual(['PENDING_SHUTDOWN', 'NOT_RUNNING'])
    await expect(instance.streams.start()).rejects.toMatchObject({ code: 'STREAMS_NOT_RUNNING' })
  })

  // Closed a few steps of the event loop after start(): while it locks its directory, looks for topics, joins, restores, ...
  it.each([0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])(
    'may be closed while it is starting, after %i turns',
    async (turns) => {
      await app.produce('in', { key: 'a', value: '1' })
      const instance = app.open(countByKey())
      const started = instance.streams.start().then(
        () => 'started',
        (error) => error.code,
      )
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
      await instance.close()

      expect(instance.state).toBe('NOT_RUNNING')
      expect(['STREAMS_NOT_RUNNING', 'started']).toContain(await started)
      expect(instance.errors).toEqual([])
      // Everything was let go of: the same directory, the same tasks.
      const next = await app.start(countByKey())
      await app.caughtUp('in')
      expect(next.state).toBe('RUNNING')
    },
  )

  it('disposes of itself', async () => {
    const instance = app.open(pipe())
    {
      await using streams = instance.streams
      await streams.start()
    }
    expect(instance.state).toBe('NOT_RUNNING')
  })

  it('emits `error` after it has reached ERROR; close() then resolves', async () => {
    const instance = await app.start(
      countByKey({
        onRecord: () => {
          throw new Error('bad day')
        },
      }),
    )
    let stateAtError = ''
    instance.streams.on('error', () => {
      stateAtError = instance.state
    })
    await app.produce('in', { key: 'a', value: '1' })
    await instance.failed()

    expect(stateAtError).toBe('ERROR')
    expect(instance.errors).toHaveLength(1)
    expect(instance.states).toEqual(['REBALANCING', 'RUNNING', 'PENDING_ERROR', 'ERROR'])
    await instance.close()
    expect(instance.state).toBe('ERROR')
  })

  it('without a listener logs the error and does not bring the process down', async () => {
    const instance = await app.start(
      countByKey({
        onRecord: () => {
          throw new Error('bad day')
        },
      }),
    )
    instance.streams.removeAllListeners('error')
    await app.produce('in', { key: 'a', value: '1' })
    await until('it is in ERROR', () => instance.state === 'ERROR')
    await until('it was logged', () => instance.logged('the instance has stopped') !== undefined)
    expect(String(instance.logged('the instance has stopped')!.fields.err)).toContain('bad day')
  })

  it('after an error another one takes its directory and goes on', async () => {
    const instance = await app.start(
      countByKey({
        onRecord: () => {
          throw new Error('bad day')
        },
      }),
    )
    await app.produce('in', { key: 'a', value: '1' })
    await instance.failed()
    const next = await app.start(countByKey())
    await app.caughtUp('in')
    expect(app.latest('out')).toEqual(new Map([['a', '1']]))
    expect(next.errors).toEqual([])
  })
})

describe('the configuration, at construction', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 1, out: 1 })
  })
  afterEach(() => app.close())

  const cases: readonly { problem: string; config: object; option: string; says: RegExp }[] = [
    { problem: 'no application id', config: { applicationId: undefined }, option: 'applicationId', says: /is missing/ },
    {
      problem: 'an application id with a slash',
      config: { applicationId: 'a/b' },
      option: 'applicationId',
      says: /letters, digits/,
    },
    {
      problem: 'an unknown guarantee',
      config: { processingGuarantee: 'exactly-once' },
      option: 'processingGuarantee',
      says: /'exactly_once' or 'at_least_once'/,
    },
    {
      problem: 'a negative number',
      config: { commitIntervalMs: -1 },
      option: 'commitIntervalMs',
      says: /whole number from 0/,
    },
    { problem: 'a number as text', config: { cacheBytes: '10' }, option: 'cacheBytes', says: /whole number/ },
    { problem: 'NaN', config: { sessionTimeoutMs: Number.NaN }, option: 'sessionTimeoutMs', says: /whole number/ },
    {
      problem: 'a misspelt option',
      config: { procesingGuarantee: 'exactly_once' },
      option: 'procesingGuarantee',
      says: /did you mean 'processingGuarantee'/,
    },
    { problem: 'no cluster', config: { client: undefined }, option: 'brokers', says: /is missing/ },
    {
      problem: 'brokers without a port',
      config: { client: undefined, brokers: ['localhost'] },
      option: 'brokers',
      says: /host:port/,
    },
    { problem: 'two clusters', config: { brokers: ['localhost:9092'] }, option: 'client', says: /only one/ },
    {
      problem: 'commits rarer than transactions may last',
      config: { commitIntervalMs: 20_000 },
      option: 'commitIntervalMs',
      says: /transactionTimeoutMs/,
    },
    { problem: 'an empty state directory', config: { stateDir: '' }, option: 'stateDir', says: /path of a folder/ },
  ]
  it.each(cases)('$problem: the error names the option and what is allowed', ({ config, option, says }) => {
    const given = { applicationId: 'app', client: app.cluster, stateDir: join(app.folder, 'a'), ...config }
    const construct = () => new KafkaStreams(pipe(), given as StreamsConfig)

    expect(construct).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option }))
    expect(construct).toThrow(says)
    expect(construct).toThrow(`'${option}'`)
  })

  it('a state directory that is a file', () => {
    const file = join(app.folder, 'file')
    writeFileSync(file, '')
    expect(() => app.open(pipe(), 'file')).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option: 'stateDir' }),
    )
  })

  // The superuser may write anything.
  const itAsUser = process.getuid?.() === 0 ? it.skip : it
  itAsUser('a state directory that must not be written', () => {
    mkdirSync(join(app.folder, 'readonly'), { mode: 0o500 })
    expect(() => app.open(pipe(), 'readonly')).toThrow(/'stateDir'/)
  })

  it('a state directory in use: the second instance fails, the first is untouched', async () => {
    const first = await app.start(pipe())
    expect(() => app.open(pipe())).toThrow(
      expect.objectContaining({
        code: 'STREAMS_STATE_DIR_LOCKED',
        message: expect.stringContaining(String(process.pid)),
      }),
    )
    await app.produce('in', { key: 'a', value: '1' })
    await app.caughtUp('in')
    expect(first.states).toEqual(['REBALANCING', 'RUNNING'])
  })

  it('a state directory that another instance takes between construction and start', async () => {
    const [first, second] = [app.open(pipe()), app.open(pipe())]
    await first.streams.start()
    await expect(second.streams.start()).rejects.toMatchObject({ code: 'STREAMS_STATE_DIR_LOCKED' })
    await app.produce('in', { key: 'a', value: '1' })
    await app.caughtUp('in')
    expect(first.state).toBe('RUNNING')
    expect(second.states).toEqual(['REBALANCING', 'PENDING_ERROR', 'ERROR'])
  })
})
