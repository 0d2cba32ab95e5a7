// The command line of examples/word-count.ts: usage, exit codes, event lines, and what it leaves on the cluster.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { systemClock } from '../lib/core/clock.ts'
import { silentLogger } from '../lib/core/log.ts'
import { describeWithBroker } from './broker/describe.ts'
import { until } from './support/cluster.ts'
import { WordCountRun } from './support/word-count-run.ts'

const EXAMPLE = join(import.meta.dirname, '../examples/word-count.ts')

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the example to its end. */
function run(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [EXAMPLE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

describe('the command line of the word count', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const right = (): Record<string, string> => ({
    '--brokers': '127.0.0.1:1',
    '--application-id': 'words',
    '--state-dir': join(folder, 'state'),
    '--input': 'lines',
    '--output': 'counts',
  })
  const flat = (options: Readonly<Record<string, string>>) => Object.entries(options).flat()

  it.each([
    { wrong: 'nothing at all', args: () => [], says: /--\S+ is missing/ },
    ...['--brokers', '--application-id', '--state-dir', '--input', '--output'].map((option) => ({
      wrong: `no ${option}`,
      args: () => flat(Object.fromEntries(Object.entries(right()).filter(([name]) => name !== option))),
      says: new RegExp(`${option} is missing`),
    })),
    { wrong: 'an unknown option', args: () => [...flat(right()), '--speed', 'high'], says: /--speed/ },
    { wrong: 'an option without its value', args: () => [...flat(right()), '--guarantee'], says: /--guarantee/ },
    { wrong: 'a word that is no option', args: () => [...flat(right()), 'now'], says: /now/ },
    {
      wrong: 'an unknown guarantee',
      args: () => [...flat(right()), '--guarantee', 'twice'],
      says: /'processingGuarantee' is 'twice', and must be 'exactly_once' or 'at_least_once'/,
    },
    {
      wrong: 'a time that is no number',
      args: () => [...flat(right()), '--commit-interval-ms', 'soon'],
      says: /'commitIntervalMs'.*whole number/,
    },
    {
      wrong: 'a negative time',
      args: () => [...flat(right()), '--session-timeout-ms=-5'],
      says: /'sessionTimeoutMs'.*whole number/,
    },
    {
      wrong: 'a broker without a port',
      args: () => flat({ ...right(), '--brokers': 'localhost' }),
      says: /'brokers'.*host:port/,
    },
    {
      wrong: 'a state directory that cannot be made',
      args: () => flat({ ...right(), '--state-dir': '/dev/null/state' }),
      says: /'stateDir'/,
    },
    {
      wrong: 'an application id that cannot name topics',
      args: () => flat({ ...right(), '--application-id': 'wörter' }),
      says: /'applicationId'/,
    },
  ])('$wrong: exit code 2, the problem and the usage on stderr, nothing on stdout', async ({ args, says }) => {
    const { code, stdout, stderr } = await run(args())
    expect(stderr).toMatch(says)
    expect(stderr).toContain('usage: node examples/word-count.ts --brokers')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

async function topicNames(brokers: string): Promise<readonly string[]> {
  const context = { clientId: 'integration-test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 }
  const wire = kafkaWires({ brokers: brokers.split(',') }, context).open('admin')
  try {
    const { topics } = await wire.send('any', 'metadata', {
      topics: null,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    })
    return topics.map(({ name }) => name ?? '')
  } finally {
    await wire.close()
  }
}

describeWithBroker('the word count as a process', (brokers) => {
  let counting: WordCountRun
  beforeEach(async () => {
    counting = await WordCountRun.open({ commitIntervalMs: 50 })
  })
  afterEach(() => counting.close())

  it('prints one JSON line an event, ends with 0 on SIGTERM, and writes 8 bytes big-endian', async () => {
    const instance = counting.start('a')
    await counting.produce(['Two words, TWO', 'été ÉTÉ 42'])
    await counting.caughtUp()
    expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await until('its last line has arrived', () => instance.state === 'NOT_RUNNING')

    for (const event of instance.events) {
      if (event.event === 'state') expect(event).toEqual({ event: 'state', state: expect.any(String) })
      else {
        expect(event).toEqual({
          event: 'restored',
          store: 'counts',
          partition: expect.any(Number),
          records: 0,
          ms: expect.any(Number),
        })
      }
    }
    const states = instance.events.flatMap((event) => (event.event === 'state' ? [event.state] : []))
    expect(states[0]).toBe('REBALANCING')
    expect(states).toContain('RUNNING')
    expect(states.slice(-2)).toEqual(['PENDING_SHUTDOWN', 'NOT_RUNNING'])
    expect(instance.restored.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3])

    const last = new Map(
      (await counting.cluster.readCommitted(counting.output)).map(({ key, value }) => [String(key), value]),
    )
    const long = (count: number) => Buffer.from([0, 0, 0, 0, 0, 0, 0, count])
    expect(last).toEqual(
      new Map([
        ['two', long(2)],
        ['words', long(1)],
        ['été', long(2)],
        ['42', long(1)],
      ]),
    )
  }, 60_000)

  it('creates its internal topics and nothing else', async () => {
    const { applicationId, cluster } = counting
    const instance = counting.start('a')
    await instance.running()
    const internal = [`${applicationId}-counts-repartition`, `${applicationId}-counts-changelog`]
    const found = await cluster.client.admin.describeTopics(internal)
    expect([...found.values()].map(({ topic, partitionCount }) => [topic, partitionCount])).toEqual(
      expect.arrayContaining(internal.map((topic) => [topic, 4])),
    )
    expect((await cluster.client.admin.describeConfigs(internal[1]!)).get('cleanup.policy')).toBe('compact')
    expect((await cluster.client.admin.describeConfigs(internal[0]!)).get('retention.ms')).toBe('-1')
    expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null })
    const all = await topicNames(brokers)
    expect(all.filter((topic) => topic.startsWith(applicationId)).sort()).toEqual(internal.sort())
  }, 60_000)

  it('ends with 0 on SIGTERM also while it is starting', async () => {
    const instance = counting.start('a')
    await until('it has begun to start', () => instance.state === 'REBALANCING')
    expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await until('its last line has arrived', () => instance.state === 'NOT_RUNNING')
    expect(instance.stderr).toBe('')
  }, 60_000)

  it('ends with 1 and the error on stderr when a topic is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
    try {
      const { code, stdout, stderr } = await run(
        ['--brokers', brokers, '--application-id', counting.applicationId, '--state-dir', folder].concat([
          '--input',
          'no-such-lines',
          '--output',
          counting.output,
        ]),
      )
      expect(stderr).toMatch(/MissingSourceTopicError: .*'no-such-lines'/)
      expect(code).toBe(1)
      const states = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(states.at(-1)).toEqual({ event: 'state', state: 'ERROR' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})
