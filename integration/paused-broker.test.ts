// A broker that is stopped in its tracks (SIGSTOP): connections stay open, nothing answers, and then it goes on as if no time had passed.
//
// Its controller must not miss it: else the partitions have no leader for a second after the pause, and Kafka's transaction coordinator (4.3.1) takes
// partitions without a leader for deleted ones and leaves them without the marker. Then a transaction is committed in some of its partitions only:
// docs/exactly-once.md, "Limits".
import { sleep, systemClock } from '../lib/core/clock.ts'
import { describeWithBroker } from './broker/describe.ts'
import { startBroker, type TestBroker } from './broker/index.ts'
import { TestCluster, until } from './support/cluster.ts'
import { realText } from './support/text.ts'
import { WordCountInstance } from './support/word-count-instance.ts'

const lines = realText(200_000)
const part = (from: number, to: number) => lines.slice(Math.floor(lines.length * from), Math.floor(lines.length * to))

// Windows has no signal that stops a process and lets it go on.
const describeWithSignals: typeof describeWithBroker =
  process.platform === 'win32'
    ? (name, define) => describe.skip(`${name} (no SIGSTOP on Windows)`, () => define(''))
    : describeWithBroker

// The tests' time is more than all their waits may take together: the one that was in vain says for what it was.
describeWithSignals('a word count, exactly once, whose broker is paused', () => {
  let broker: TestBroker
  let cluster: TestCluster
  let instance: WordCountInstance
  beforeAll(async () => {
    broker = await startBroker({ properties: { 'broker.session.timeout.ms': '120000' } })
    cluster = new TestCluster(broker.bootstrap)
  }, 60_000)
  afterAll(async () => {
    await cluster?.close()
    await broker?.close()
  })
  afterEach(async () => {
    await broker.nodes[0]!.resume()
    await instance?.close()
  })

  /** Pauses the broker while records are on their way, for that long. */
  async function pause(ms: number): Promise<void> {
    const node = broker.nodes[0]!
    const before = instance.streams.metrics().recordsProcessed
    const feeding = instance.produce(part(0.3, 0.6))
    await until('records flow', () => instance.streams.metrics().recordsProcessed > before)
    await node.pause()
    const commits = instance.streams.metrics().commits
    await sleep(systemClock, ms)
    // Commits that were on their way to us at that moment may still count.
    expect(instance.streams.metrics().commits - commits).toBeLessThan(10)
    await node.resume()
    await feeding
  }

  it('for less than its session: goes on, with its partitions and without a rebalance', async () => {
    instance = await WordCountInstance.start(cluster, { sessionTimeoutMs: 6_000, requestTimeoutMs: 10_000 })
    await instance.produce(part(0, 0.3))
    await pause(2_500)
    await instance.produce(part(0.6, 1))
    await instance.expectExact()
    expect(instance.streams.state).toBe('RUNNING')
    expect(instance.log.lines.filter((line) => /Has lost|start over/.test(line))).toEqual([])
    expect(instance.log.lines.filter((line) => line.includes('Reads 4 partitions'))).toHaveLength(1)
  }, 400_000)

  it('for longer than session and request time-outs: loses its tasks, takes them back, and counts nothing twice', async () => {
    const states: string[] = []
    instance = await WordCountInstance.start(cluster, { sessionTimeoutMs: 2_000, requestTimeoutMs: 3_000 })
    instance.streams.on('state', ({ to }) => states.push(to))
    await instance.produce(part(0, 0.3))
    await pause(6_000)
    await instance.produce(part(0.6, 1))
    await instance.expectExact()
    await until('it runs', () => instance.streams.state === 'RUNNING')
    expect(instance.log.lines.filter((line) => line.includes('Has lost'))).toHaveLength(1)
    expect(states).not.toContain('PENDING_ERROR')
  }, 400_000)
})
