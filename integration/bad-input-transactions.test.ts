// Transactions that the broker cannot give, or not as they are asked for, at the start and while an application runs; and changelogs that somebody deletes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wordCount } from '../examples/word-count.ts'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { wireClient } from '../lib/client/wire-client.ts'
import { systemClock } from '../lib/core/clock.ts'
import { KafkaStreams, type StreamsConfig } from '../lib/index.ts'
import { LogLines } from '../tests/lib/client/log-lines.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { FailoverCluster } from './support/failover-cluster.ts'
import { InterceptedWires } from './support/intercepted-wires.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'

const SCOPES = ['task', 'instance'] as const
const lines = realText(50_000)
const truth = countWords(lines)
const half = Math.floor(lines.length / 2)

/** A word count, with what it logs and what the broker answers it. */
class Counting {
  readonly streams: KafkaStreams
  readonly log = new LogLines()
  readonly failed: Promise<Error>
  wires: InterceptedWires | undefined

  constructor(brokers: string, [input, output]: readonly [string, string], config: Omit<StreamsConfig, 'client'>) {
    const client: NonNullable<StreamsConfig['client']> = {
      connect: (context) => {
        this.wires = new InterceptedWires(kafkaWires({ brokers: brokers.split(',') }, context))
        return wireClient(this.wires, context)
      },
    }
    this.streams = new KafkaStreams(wordCount(input, output), {
      commitIntervalMs: 50,
      ...config,
      client,
      logger: this.log,
    })
    this.failed = new Promise((resolve) => this.streams.once('error', resolve))
  }

  /** How often a node has answered with this error, whatever it was asked. */
  answers(code: string): number {
    let count = 0
    for (const [what, times] of this.wires!.answered) if (what.endsWith(` ${code}`)) count += times
    return count
  }
}

describeWithBroker('transactions', (shared) => {
  let folder: string
  let cluster: TestCluster
  const open: Counting[] = []

  beforeAll(() => {
    cluster = new TestCluster(shared)
    folder = mkdtempSync(join(tmpdir(), 'millrace-bad-transactions-'))
  })
  const closeAll = () => Promise.all(open.splice(0).map(({ streams }) => streams.close().catch(() => {})))
  afterEach(() => closeAll(), 60_000)
  afterAll(async () => {
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  function count(
    { brokers }: TestCluster,
    topics: readonly [string, string],
    config: Partial<StreamsConfig> = {},
  ): Counting {
    const applicationId = config.applicationId ?? freshName('bad-transactions')
    const counting = new Counting(brokers, topics, { stateDir: folder, ...config, applicationId })
    open.push(counting)
    return counting
  }

  const topicsOn = async (on: TestCluster) => [await on.createTopic(1), await on.createTopic(1)] as const

  it.each(SCOPES)(
    'a time-out above the broker’s maximum: the start is refused at once, with both values (scope: %s)',
    async (transactionScope) => {
      const counting = count(cluster, await topicsOn(cluster), { transactionScope, transactionTimeoutMs: 1_000_000 })
      await expect(counting.streams.start()).rejects.toMatchObject({
        code: 'STREAMS_INVALID_CONFIG',
        option: 'transactionTimeoutMs',
        message: expect.stringMatching(
          /is 1000000, more than the 900000 ms that the broker allows.*transaction\.max\.timeout\.ms/,
        ),
      })
      expect(counting.streams.state).toBe('ERROR')
    },
    30_000,
  )

  it('replicas of the transaction log are lost while applications of both scopes run: they wait, and counts are right when they are back', async () => {
    const three = await FailoverCluster.start({ properties: { 'transaction.state.log.min.isr': '3' } })
    const onlooker = new TestCluster(three.broker.bootstrap)
    try {
      const input = await three.topic()
      const outputs = [await three.topic(), await three.topic()]
      const running = SCOPES.map((transactionScope, i) => {
        const applicationId = freshName(`bad-transactions-${transactionScope}`)
        const config = { applicationId, transactionScope, requestTimeoutMs: 5_000 }
        return { applicationId, output: outputs[i]!, counting: count(onlooker, [input, outputs[i]!], config) }
      })
      const caughtUp = () =>
        Promise.all(
          running.map(({ applicationId }) =>
            onlooker.caughtUp(applicationId, [input, `${applicationId}-counts-repartition`]),
          ),
        )
      await Promise.all(running.map(({ counting }) => counting.streams.start()))
      await onlooker.produceLines(input, lines.slice(0, half))
      await caughtUp()

      const lost = three.node(3)
      await lost.kill('SIGKILL')
      await onlooker.produceLines(input, lines.slice(half))
      for (const { counting } of running) {
        await until('the coordinators refuse', () => counting.answers('COORDINATOR_NOT_AVAILABLE') > 3)
        await until('it is said', () => counting.log.lines.some((line) => /fails so far|start over/.test(line)))
      }
      const late = count(onlooker, [input, outputs[0]!], { requestTimeoutMs: 5_000 })
      const startMs = systemClock.monotonicMs()
      const refusal = await late.streams.start().then(
        () => 'started',
        (error: Error) => `${error.name}: ${error.message}`,
      )
      expect(refusal).toMatch(/^BrokerUnavailableError: .*transaction\.state\.log\.min\.isr/s)
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(30_000)
      expect(running.map(({ counting }) => counting.streams.state)).not.toContain('ERROR')

      await lost.restart()
      await caughtUp()
      for (const { output, counting } of running) {
        const written = await writtenCounts(onlooker, output)
        expect(finalCounts(written)).toEqual(truth)
        expect(wordsNotRising(written)).toEqual([])
        expect(counting.streams.state).toBe('RUNNING')
      }
    } finally {
      await closeAll()
      await onlooker.close()
      await three.close()
    }
  }, 240_000)

  it('a changelog that is deleted while the instance is down: each start is refused, nothing is committed or emptied', async () => {
    const topics = await topicsOn(cluster)
    const applicationId = freshName('bad-transactions')
    const config = { applicationId, metadataMaxAgeMs: 300 }
    const first = count(cluster, topics, config)
    await first.streams.start()
    await cluster.produceLines(topics[0], lines.slice(0, 10))
    await cluster.caughtUp(applicationId, [topics[0], `${applicationId}-counts-repartition`])
    await first.streams.close()
    const changelog = `${applicationId}-counts-changelog`
    await cluster.client.admin.deleteTopics([changelog])
    for (let attempt = 1; attempt <= 2; attempt++) {
      const refused = count(cluster, topics, config)
      await expect(refused.streams.start()).rejects.toMatchObject({
        code: 'STREAMS_CHANGELOG_LOST',
        store: 'counts',
        topic: changelog,
        directory: join(folder, applicationId, '1_0'),
      })
    }
  }, 60_000)

  it('a changelog that is deleted under a running instance: it stops by name, and does not make the topic anew', async () => {
    const topics = await topicsOn(cluster)
    const applicationId = freshName('bad-transactions')
    const counting = count(cluster, topics, { applicationId, metadataMaxAgeMs: 300 })
    await counting.streams.start()
    await cluster.produceLines(topics[0], lines.slice(0, 10))
    await cluster.caughtUp(applicationId, [topics[0], `${applicationId}-counts-repartition`])
    const changelog = `${applicationId}-counts-changelog`
    await cluster.client.admin.deleteTopics([changelog])
    expect(await counting.failed).toMatchObject({
      code: expect.stringMatching(/^STREAMS_(CHANGELOG_LOST|UNKNOWN_TOPIC)$/),
      message: expect.stringContaining(changelog),
    })
    expect((await cluster.client.admin.describeTopics([changelog])).size).toBe(0)
  }, 60_000)
})
