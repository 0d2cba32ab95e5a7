// A whole application on three nodes that die and come back: its counts are the truth, nobody sees one twice, and it needs no help.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { wordCount } from '../examples/word-count.ts'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { wireClient } from '../lib/client/wire-client.ts'
import { systemClock } from '../lib/core/clock.ts'
import { KafkaStreams, type StreamsConfig } from '../lib/index.ts'
import { LogLines } from '../tests/lib/client/log-lines.ts'
import { describeWithBroker } from './broker/describe.ts'
import type { TestNode } from './broker/index.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { FailoverCluster, Stopwatch } from './support/failover-cluster.ts'
import { InterceptedWires } from './support/intercepted-wires.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'

const lines = realText(200_000)
const truth = countWords(lines)
const part = (from: number, to: number) => lines.slice(Math.floor(lines.length * from), Math.floor(lines.length * to))

/** Input and repartition topic have three partitions each. */
const TASKS = 6
/** What an instance has beside its tasks that may each tell of a node that is away: two fetchers, the group member, the purger, the topic watch. */
const PARTS = 5

type Guarantee = NonNullable<StreamsConfig['processingGuarantee']>

/** One instance of the word count, with what it has logged and what its wires have seen. */
class Instance {
  readonly streams: KafkaStreams
  readonly log = new LogLines()
  readonly states: string[] = []
  wires: InterceptedWires | undefined

  constructor(
    brokers: readonly string[],
    [input, output]: readonly [string, string],
    config: Omit<StreamsConfig, 'client' | 'logger'>,
  ) {
    const client: NonNullable<StreamsConfig['client']> = {
      connect: (context) => {
        this.wires = new InterceptedWires(kafkaWires({ brokers }, context))
        return wireClient(this.wires, context)
      },
    }
    this.streams = new KafkaStreams(wordCount(input, output), {
      commitIntervalMs: 50,
      ...config,
      client,
      logger: this.log,
    })
    this.streams.on('state', ({ to }) => this.states.push(to))
    this.streams.on('error', () => {})
  }

  get warnings(): readonly string[] {
    return this.log.lines.filter((line) => !line.startsWith('info: '))
  }
}

describeWithBroker('an application on three nodes', () => {
  let cluster: FailoverCluster
  let onlooker: TestCluster
  let folder: string
  const instances: Instance[] = []

  beforeAll(async () => {
    cluster = await FailoverCluster.start()
    onlooker = new TestCluster(cluster.broker.bootstrap)
    folder = mkdtempSync(join(tmpdir(), 'millrace-failover-'))
  }, 120_000)
  afterEach(async () => {
    await Promise.all(instances.splice(0).map(({ streams }) => streams.close().catch(() => {})))
  }, 60_000)
  afterAll(async () => {
    await onlooker?.close()
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  function open(
    topics: readonly [string, string],
    config: Partial<StreamsConfig> & { applicationId: string },
  ): Instance {
    const stateDir = join(folder, `${instances.length}-${config.applicationId}`)
    const instance = new Instance(cluster.bootstrap, topics, { stateDir, ...config })
    instances.push(instance)
    return instance
  }

  it('counts right, exactly once and at least once, while one node after the other is killed and comes back', async () => {
    const watch = new Stopwatch()
    const applications = await Promise.all(
      (['exactly_once', 'at_least_once'] satisfies Guarantee[]).map(async (guarantee) => {
        const topics = [await cluster.topic(), await cluster.topic()] as const
        const applicationId = freshName(guarantee)
        const config = { applicationId, processingGuarantee: guarantee }
        const own = [open(topics, config), open(topics, config)]
        await Promise.all(own.map(({ streams }) => streams.start()))
        return { guarantee, applicationId, topics, input: topics[0], output: topics[1], own }
      }),
    )
    watch.lap('running')
    const rounds = cluster.broker.nodes.length
    for (const [round, node] of cluster.broker.nodes.entries()) {
      const { nodeId } = node.address
      const partitions = await Promise.all(applications.map(({ input }) => cluster.partitionLedBy(nodeId, input)))
      const feeding = applications.map(({ input }) =>
        onlooker.produceLines(input, part(round / rounds, (round + 1) / rounds)),
      )
      await node.kill('SIGKILL')
      await Promise.all(applications.map(({ input }, i) => cluster.movedFrom(nodeId, input, partitions[i]!)))
      watch.lap(`leaders moved from ${nodeId}`)
      await node.restart()
      await Promise.all(feeding)
      await Promise.all(applications.flatMap(({ topics }) => topics.map((topic) => cluster.healed(topic))))
      watch.lap('healed')
    }
    for (const { guarantee, applicationId, input, output, own } of applications) {
      await onlooker.caughtUp(applicationId, [input, `${applicationId}-counts-repartition`])
      watch.lap(`${guarantee} caught up`)
      const written = await writtenCounts(onlooker, output)
      const final = finalCounts(written)
      if (guarantee === 'exactly_once') {
        expect(final).toEqual(truth)
        expect(wordsNotRising(written)).toEqual([])
      } else {
        expect([...truth].filter(([word, count]) => (final.get(word) ?? 0) < count)).toEqual([])
      }
      for (const instance of own) {
        expect(instance.states).not.toContain('PENDING_ERROR')
        const failed = [...instance.wires!.unanswered].filter(([what]) => what.endsWith('STREAMS_CONNECTION'))
        expect(failed.length).toBeGreaterThan(0)
        expect(instance.warnings.length).toBeLessThanOrEqual(rounds * (TASKS + PARTS) * 2)
      }
    }
    watch.report('rolling kills', ...instances.map(({ wires, log }) => ({ wires: wires!, log })))
  }, 240_000)

  it('waits while there are too few replicas, and loses nothing; a start in that time fails by its time-out', async () => {
    const watch = new Stopwatch()
    const input = await cluster.topic()
    // One node less is too few.
    const output = await cluster.topic({ 'min.insync.replicas': '3' })
    const topics = [input, output] as const
    const applicationId = freshName('waiting')
    const repartition = `${applicationId}-counts-repartition`
    const running = open(topics, { applicationId })
    await running.streams.start()
    await onlooker.produceLines(input, part(0, 0.2))
    await onlooker.caughtUp(applicationId, [input, repartition])
    const [first, second] = cluster.broker.nodes as [TestNode, TestNode]
    const { nodeId } = first.address
    const partition = await cluster.partitionLedBy(nodeId, output)
    await first.kill('SIGKILL')
    await cluster.movedFrom(nodeId, output, partition)
    await onlooker.produceLines(input, part(0.2, 0.6))
    const refusals = () => running.wires!.answered.get('produce NOT_ENOUGH_REPLICAS') ?? 0
    await until('the output refuses what has too few replicas', () => refusals() > 0)
    watch.lap('refused')
    // What was refused first may be another topic's, whose replicas were counted anew a moment ago, with nothing of this part to be seen in the repartition topic yet.
    await until('what it has read for the output is not committed', async () => {
      const held = await onlooker.progress(applicationId, repartition)
      return held.committed.some((offset, i) => offset !== held.ends[i])
    })

    // With this one the controllers lose their majority: nothing can be written at all.
    await second.kill('SIGKILL')
    const startMs = systemClock.monotonicMs()
    const late = open(topics, { applicationId: freshName('late'), requestTimeoutMs: 5_000 })
    await expect(late.streams.start()).rejects.toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE' })
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(60_000)
    watch.lap('start failed')
    expect(running.states).not.toContain('PENDING_ERROR')

    await Promise.all([first.restart(), second.restart()])
    watch.lap('nodes back')
    await onlooker.produceLines(input, part(0.6, 1))
    await onlooker.caughtUp(applicationId, [input, repartition])
    watch.lap('caught up')
    const written = await writtenCounts(onlooker, output)
    watch.report('too few replicas', { wires: running.wires!, log: running.log })
    expect(finalCounts(written)).toEqual(truth)
    expect(wordsNotRising(written)).toEqual([])
    expect(running.streams.state).toBe('RUNNING')
  }, 240_000)
})
