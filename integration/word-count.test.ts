// The main promise on a real broker: a word count of real text equals a plain count, through clean stops and changes of the group.
import { describeWithBroker } from './broker/describe.ts'
import { until } from './support/cluster.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'
import { WordCountRun } from './support/word-count-run.ts'

const lines = realText(1_000_000)
const truth = countWords(lines)
const third = Math.floor(lines.length / 3)

for (const guarantee of ['exactly_once', 'at_least_once'] as const) {
  describeWithBroker(`a word count of 1 MB, ${guarantee}`, () => {
    let run: WordCountRun
    beforeEach(async () => {
      run = await WordCountRun.open({ guarantee, commitIntervalMs: 100 })
    })
    afterEach(() => run.close())

    it('equals a plain count, and ends with exit code 0 on SIGTERM', async () => {
      const instance = run.start('a')
      await run.produce(lines)
      await run.caughtUp()

      expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null })
      expect(finalCounts(await writtenCounts(run.cluster, run.output))).toEqual(truth)
      expect(instance.state).toBe('NOT_RUNNING')
    }, 120_000)

    it('goes on where it stopped', async () => {
      const first = run.start('a')
      await run.produce(lines.slice(0, third))
      await first.running()
      // In the middle: some of the input is committed, and more is on the way.
      await Promise.all([
        run.produce(lines.slice(third)),
        until('a first commit of the input', async () => {
          const { committed } = await run.cluster.progress(run.applicationId, run.input)
          return committed.some((offset) => offset > 0)
        }),
      ])
      expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null })

      const second = run.start('a')
      await run.caughtUp()
      expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null })
      const written = await writtenCounts(run.cluster, run.output)
      expect(finalCounts(written)).toEqual(truth)
      if (guarantee === 'exactly_once') expect(wordsNotRising(written)).toEqual([])
      // A clean stop leaves nothing to restore.
      expect(second.restored.map(({ records }) => records)).toEqual(second.restored.map(() => 0))
      expect(second.restored).toHaveLength(4)
    }, 120_000)

    it('survives a second instance that joins and leaves in the middle', async () => {
      const first = run.start('a')
      await run.produce(lines.slice(0, third))
      await first.running()
      const second = run.start('b')
      await run.produce(lines.slice(third, 2 * third))
      await second.running()
      await until('the second instance has tasks', () => second.restored.length > 0)
      await run.produce(lines.slice(2 * third))
      expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null })
      await run.caughtUp()

      expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null })
      const written = await writtenCounts(run.cluster, run.output)
      expect(finalCounts(written)).toEqual(truth)
      if (guarantee === 'exactly_once') expect(wordsNotRising(written)).toEqual([])
    }, 120_000)
  })
}
