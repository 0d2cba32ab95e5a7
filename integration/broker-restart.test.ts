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

describeWithBroker('a broker that is killed with -9 and restarted', () => {
  let broker: TestBroker
  let run: WordCountRun
  beforeEach(async () => {
    broker = await startBroker()
  }, 60_000)
  afterEach(async () => {
    await run?.close()
    await broker.close()
  })

  it.each(['exactly_once', 'at_least_once'] as const)(
    'loses nothing, %s',
    async (guarantee) => {
      run = await WordCountRun.open({ guarantee, commitIntervalMs: 100 }, new TestCluster(broker.bootstrap))
      const instance = run.start('a')
      await run.produce(lines.slice(0, half))
      await until('a first commit of the input', async () => {
        const { committed } = await run.cluster.progress(run.applicationId, run.input)
        return committed.some((offset) => offset > 0)
      })
      await broker.nodes[0]!.kill('SIGKILL')
      await broker.nodes[0]!.restart()
      await run.produce(lines.slice(half))
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
    },
    180_000,
  )
})
