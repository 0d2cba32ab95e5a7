// Instances of one application on a real broker: they share the tasks evenly, hand them over, come back to them, and a process that slept
// through its session does no harm.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wordCount } from '../examples/word-count.ts'
import { silentLogger } from '../lib/core/log.ts'
import { KafkaStreams, type RestoredEvent } from '../lib/index.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'
import { WordCountRun } from './support/word-count-run.ts'

const lines = realText(200_000)
const truth = countWords(lines)
const part = (from: number, to: number) => lines.slice(Math.floor(lines.length * from), Math.floor(lines.length * to))

describeWithBroker('instances in one process', (brokers) => {
  let cluster: TestCluster
  let folder: string
  let applicationId: string
  let input: string
  let output: string
  const open = new Map<string, { readonly streams: KafkaStreams; readonly restored: RestoredEvent[] }>()

  beforeEach(async () => {
    cluster = new TestCluster()
    folder = mkdtempSync(join(tmpdir(), 'millrace-instances-'))
    applicationId = freshName('instances')
    input = await cluster.createTopic(6, 'lines')
    output = await cluster.createTopic(6, 'counts')
  })
  afterEach(async () => {
    await Promise.all([...open.values()].map(({ streams }) => streams.close().catch(() => {})))
    open.clear()
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(name: string): Promise<{ readonly streams: KafkaStreams; readonly restored: RestoredEvent[] }> {
    const streams = new KafkaStreams(wordCount(input, output), {
      applicationId,
      brokers: brokers.split(','),
      stateDir: join(folder, name),
      commitIntervalMs: 50,
      sessionTimeoutMs: 3_000,
      logger: silentLogger,
    })
    const restored: RestoredEvent[] = []
    streams.on('restored', (event) => restored.push(event))
    const instance = { streams, restored }
    open.set(name, instance)
    await streams.start()
    return instance
  }

  const caughtUp = () => cluster.caughtUp(applicationId, [input, `${applicationId}-counts-repartition`])

  async function expectExact(): Promise<void> {
    await caughtUp()
    const written = await writtenCounts(cluster, output)
    expect(finalCounts(written)).toEqual(truth)
    expect(wordsNotRising(written)).toEqual([])
  }

  it('join and leave while records flow; the result is that of one', async () => {
    const a = await start('a')
    const feeding = cluster.produceLines(input, part(0, 0.3))
    const b = await start('b')
    await until('b has stores', () => b.restored.length >= 3)
    await feeding
    await Promise.all([start('c'), cluster.produceLines(input, part(0.3, 0.6))])
    await Promise.all([a.streams.close(), cluster.produceLines(input, part(0.6, 1))])
    await b.streams.close()
    await expectExact()
    expect(open.get('c')!.streams.state).toBe('RUNNING')
  }, 120_000)

  it('share the work evenly', async () => {
    const instances = await Promise.all(['a', 'b', 'c'].map(start))
    // All have settled: each runs its tasks, of which six have stores.
    await until('six stores are open', () => instances.flatMap(({ restored }) => restored).length >= 6)
    await cluster.produceLines(input, lines)
    await expectExact()
    const work = instances.map(({ streams }) => streams.metrics().recordsProcessed)
    const total = work.reduce((sum, records) => sum + records)
    expect(Math.min(...work)).toBeGreaterThan(total / 10)
  }, 120_000)

  it('closed and started again, they go on where they stopped', async () => {
    await Promise.all(['a', 'b'].map(start))
    await cluster.produceLines(input, part(0, 0.5))
    await caughtUp()
    await Promise.all([...open.values()].map(({ streams }) => streams.close()))
    const again = await Promise.all(['a', 'b'].map(start))
    await until('six stores are open', () => again.flatMap(({ restored }) => restored).length >= 6)
    await cluster.produceLines(input, part(0.5, 1))
    await expectExact()
  }, 120_000)
})

describeWithBroker('a process that sleeps through its session', () => {
  it.each([1, 2])(
    'wakes up, finds its tasks with another and counts nothing twice (round %i)',
    async () => {
      const run = await WordCountRun.open({ guarantee: 'exactly_once', commitIntervalMs: 50, sessionTimeoutMs: 2_000 })
      try {
        const sleeper = run.start('sleeper')
        await sleeper.running()
        const other = run.start('other')
        await other.running()
        await until('both have stores', () => other.restored.length >= 2)
        const feeding = run.produce(part(0, 0.5))
        sleeper.signal('SIGSTOP')
        await feeding
        // The other takes everything over once the session has ended.
        await run.caughtUp()
        const second = run.produce(part(0.5, 1))
        sleeper.signal('SIGCONT')
        await second
        await run.caughtUp()
        // Awake again it takes part again.
        expect(await sleeper.end('SIGTERM')).toEqual({ code: 0, signal: null })
        expect(await other.end('SIGTERM')).toEqual({ code: 0, signal: null })
        const written = await writtenCounts(run.cluster, run.output)
        expect(finalCounts(written)).toEqual(truth)
        expect(wordsNotRising(written)).toEqual([])
      } finally {
        await run.close()
      }
    },
    120_000,
  )
})
