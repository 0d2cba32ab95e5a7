// The broker dies in the middle of the work and comes back: the application waits for it, and every record counts once.

import { describeWithBroker } from './broker/describe.ts'
import { startBroker, type TestBroker } from './broker/index.ts'
import { TestCluster, until } from './support/cluster.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'
import { WordCountRun } from './support/word-count-run.ts'

const lines = realText(600_000)
const truth = countWords(lines)
const half = Math.floor(lines.length / 2)

const guarantees = ['exactly_once', 'at_least_once'] as const

describeWithBroker('a broker that is killed with -9 and restarted', () => {
  let broker: TestBroker
  const runs: WordCountRun[] = []
  beforeAll(async () => {
    broker = await startBroker()
  }, 60_000)
  afterAll(async () => {
    await Promise.all(runs.map((run) => run.close()))
    await broker?.close()
  })

  it('loses nothing, exactly once and at least once', async () => {
    const begun = guarantees.map(async (guarantee) => {
      const run = await WordCountRun.open({ guarantee, commitIntervalMs: 100 }, new TestCluster(broker.bootstrap))
      runs.push(run)
      const instance = run.start('a')
      await run.produce(lines.slice(0, half))
      await until('a first commit of the input', async () => {
        const { committed } = await run.cluster.progress(run.applicationId, run.input)
        return committed.some((offset) => offset > 0)
      })
      return { guarantee, run, instance }
    })
    const applications = await Promise.all(begun)
    const feeding = applications.map(({ run }) => run.produce(lines.slice(half)))
    await broker.nodes[0]!.kill('SIGKILL')
    await broker.nodes[0]!.restart()
    await Promise.all(feeding)

    for (const { guarantee, run, instance } of applications) {
      await run.caughtUp()
      expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null })
      const written = await writtenCounts(run.cluster, run.output)
      const final = finalCounts(written)
      if (guarantee === 'exactly_once') {
        expect(final).toEqual(truth)
        expect(wordsNotRising(written)).toEqual([])
      } else {
        expect([...truth].filter(([word, count]) => (final.get(word) ?? 0) < count)).toEqual([])
      }
    }
  }, 300_000)
})
