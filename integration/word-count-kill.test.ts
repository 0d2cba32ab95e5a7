// kill -9 in the middle of the work: nothing is lost, nothing counted twice, and no state is rebuilt.
// MILLRACE_KILLS=20 is the long form; MILLRACE_SEED repeats a run's moments.
import { join } from 'node:path'
import { sleep, systemClock } from '../lib/core/clock.ts'
import { describeWithBroker } from './broker/describe.ts'
import { until } from './support/cluster.ts'
import { seededRandom } from './support/random.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'
import type { WordCountProcess } from './support/word-count-process.ts'
import { WordCountRun } from './support/word-count-run.ts'

const KILLS = Number(process.env.MILLRACE_KILLS ?? 5)
const SEED = Number(process.env.MILLRACE_SEED ?? 1)
const KILL_HOOK = join(import.meta.dirname, 'support/kill-hook.ts')

const lines = realText(1_000_000)
const truth = countWords(lines)

describeWithBroker('a word count, exactly once, under kill -9', () => {
  let run: WordCountRun
  beforeEach(async () => {
    run = await WordCountRun.open({ guarantee: 'exactly_once', commitIntervalMs: 100, sessionTimeoutMs: 6_000 })
  })
  afterEach(() => run.close())

  it(`counts right with two instances of which one is killed ${KILLS} times (seed ${SEED})`, async () => {
    const random = seededRandom(SEED)
    const steady = run.start('steady')
    let victim = run.start('victim')
    await Promise.all([steady.running(), victim.running()])

    const restores: number[] = []
    const share = Math.ceil(lines.length / KILLS)
    for (let kill = 0; kill < KILLS; kill++) {
      // Lines keep coming while the victim dies, at a moment that the seed chooses.
      const feeding = run.produce(lines.slice(kill * share, (kill + 1) * share))
      await sleep(systemClock, Math.floor(random() * 400))
      expect(await victim.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
      victim = run.start('victim')
      await Promise.all([feeding, victim.running()])
      restores.push(...victim.restored.map(({ records }) => records))
    }
    await run.caughtUp()
    expect(await victim.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await steady.end('SIGTERM')).toEqual({ code: 0, signal: null })

    const written = await writtenCounts(run.cluster, run.output)
    expect(finalCounts(written)).toEqual(truth)
    expect(wordsNotRising(written)).toEqual([])
    expect(restores.length).toBeGreaterThan(0)
  }, 600_000)

  it.each([
    { step: 'sealed', at: 'before the transaction ends', restored: 'nothing' },
    { step: 'ended', at: 'between EndTxn and the write', restored: 'the tail' },
    { step: 'written', at: 'after the write', restored: 'nothing' },
  ])(
    'restores $restored when killed $at',
    async ({ step, restored }) => {
      await run.produce(lines)
      const doomed = run.start('a', { module: KILL_HOOK, env: { MILLRACE_KILL_AT: step, MILLRACE_KILL_TASK: '1_0' } })
      expect(await doomed.exited()).toEqual({ code: null, signal: 'SIGKILL' })

      const next = run.start('a')
      await next.running()
      const counts = new Map(next.restored.map(({ partition, records }) => [partition, records]))
      if (restored === 'the tail') expect(counts.get(0)).toBeGreaterThan(0)
      else expect(counts.get(0)).toBe(0)
      await run.caughtUp()
      expect(await next.end('SIGTERM')).toEqual({ code: 0, signal: null })
      const written = await writtenCounts(run.cluster, run.output)
      expect(finalCounts(written)).toEqual(truth)
      expect(wordsNotRising(written)).toEqual([])
    },
    120_000,
  )

  it('loses nothing at least once either', async () => {
    const other = await WordCountRun.open({
      guarantee: 'at_least_once',
      commitIntervalMs: 100,
      sessionTimeoutMs: 6_000,
    })
    try {
      const killed: WordCountProcess = other.start('a')
      await other.produce(lines)
      await until('some input is committed', async () => {
        const { committed } = await other.cluster.progress(other.applicationId, other.input)
        return committed.some((offset) => offset > 0)
      })
      await killed.end('SIGKILL')
      const next = other.start('a')
      await other.caughtUp()
      expect(await next.end('SIGTERM')).toEqual({ code: 0, signal: null })
      const final = finalCounts(await writtenCounts(other.cluster, other.output))
      const lower = [...truth].filter(([word, count]) => (final.get(word) ?? 0) < count)
      expect(lower).toEqual([])
    } finally {
      await other.close()
    }
  }, 120_000)
})
