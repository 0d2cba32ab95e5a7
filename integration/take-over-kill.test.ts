// kill -9 in the midst of a transaction, then the other one goes on under the same application id: Millrace after Java Kafka Streams, and Java after Millrace. The
// transaction of the dead one is seen to be open after its death; nothing of it shows in the counts, and no state is thrown away.
import { describeWithJava } from './java/describe.ts'
import { until } from './support/cluster.ts'
import type { CountingProcess } from './support/counting-process.ts'
import { plainLines, sum, TakeOverRun, wordsOf } from './support/take-over-run.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'

const TIMEOUT_MS = 180_000
const lines = plainLines(60_000)
const truth = wordsOf(lines)
/** Produced at a time while an application is to be met in the midst of them. */
const BIT_LINES = 10
const part = (from: number, to: number) => lines.slice(Math.floor(lines.length * from), Math.floor(lines.length * to))
/** Long enough to be met in the midst of a transaction; and every count is logged at once. */
const settings = { kind: 'words', commitIntervalMs: 1_000, cacheBytes: 0 } as const

await describeWithJava('an application that is killed with -9', () => {
  let run: TakeOverRun
  afterEach(() => run?.close())

  /** Has it count and commit a portion, then kills it when the next one is in an open transaction; resolves with the transactional ids. */
  async function killInTransaction(application: CountingProcess, from: number, to: number): Promise<readonly string[]> {
    const middle = (from + to) / 2
    await application.running()
    await run.produceLines(part(from, middle))
    await run.caughtUp()
    // Bit by bit, as long as it takes: an application that is through with all of it has no transaction open.
    let rest = part(middle, to)
    const next = async () => {
      const bit = rest.slice(0, BIT_LINES)
      rest = rest.slice(BIT_LINES)
      await run.produceLines(bit)
    }
    const open = await run.killWhen(application, async () => {
      const found = await run.openTransactions()
      if (found === undefined && rest.length > 0) await next()
      return found
    })
    if (rest.length > 0) await run.produceLines(rest)
    return open
  }

  async function expectExact(): Promise<void> {
    const written = await writtenCounts(run.cluster, run.output)
    expect(finalCounts(written)).toEqual(truth)
    expect(wordsNotRising(written)).toEqual([])
  }

  const emptied = ({ log }: CountingProcess) => log.filter((line) => line.includes('emptied'))

  it(
    'in Java, goes on in Millrace, which waits for the dead member and for its transaction, and says so',
    async () => {
      // Far longer than this takes: what ends it is done here.
      run = await TakeOverRun.open({ ...settings, transactionTimeoutMs: 120_000 })
      const java = await run.start('java')
      await java.running()
      const millrace = await run.start('millrace')
      await millrace.logs('warn The group has members of another protocol')
      const open = await killInTransaction(java, 0, 0.6)
      await millrace.logs('info The members of another protocol are gone')
      await millrace.logs('warn the restore of a store waits until a transaction in its changelog ends')
      expect(await run.openTransactions()).toEqual(expect.arrayContaining([...open]))
      expect(millrace.state).toBe('REBALANCING')
      await run.cluster.client.admin.fenceProducers(open)
      await millrace.running()
      await millrace.logs('info the restore of a store waits for no transaction any more')
      await run.produceLines(part(0.6, 1))
      await run.caughtUp()
      expect(emptied(millrace)).toEqual([])
      await millrace.close()
      await expectExact()
    },
    TIMEOUT_MS,
  )

  it(
    'in Millrace, goes on in Java; killed there, on the disk that Millrace left',
    async () => {
      run = await TakeOverRun.open(settings)
      const first = await run.start('millrace')
      expect((await killInTransaction(first, 0, 0.4)).length).toBeGreaterThan(0)
      expect((await killInTransaction(await run.start('java'), 0.4, 0.8)).length).toBeGreaterThan(0)
      const logged = sum((await run.cluster.client.admin.offsets(run.changelog, 'latest', 'read_uncommitted')).values())
      const again = await run.start('millrace')
      await again.running()
      await run.produceLines(part(0.8, 1))
      await run.caughtUp()
      // What Java has counted, and not what was on the disk already.
      expect(again.restored).toBeGreaterThan(0)
      expect(again.restored).toBeLessThan(logged * 0.75)
      expect([...emptied(first), ...emptied(again)]).toEqual([])
      await again.close()
      await expectExact()
    },
    TIMEOUT_MS,
  )

  it(
    'in Java, at least once, goes on in Millrace: nothing is lost, and only what was not committed counts again',
    async () => {
      run = await TakeOverRun.open({ ...settings, guarantee: 'at_least_once', commitIntervalMs: 5_000 })
      const java = await run.start('java')
      await java.running()
      await run.produceLines(part(0, 0.4))
      await until('Java has committed some words', async () => {
        return (await run.progress().catch(() => ({ committed: 0 }))).committed > 100
      })
      await run.produceLines(part(0.4, 0.6))
      const killed = await run.killWhen(java, async () => {
        const progress = await run.progress()
        return progress.logged > progress.committed + 100 ? progress : undefined
      })
      const millrace = await run.start('millrace')
      await millrace.running()
      await run.produceLines(part(0.6, 1))
      await run.caughtUp()
      expect(emptied(millrace)).toEqual([])
      await millrace.close()
      const final = finalCounts(await writtenCounts(run.cluster, run.output))
      expect([...truth].filter(([word, count]) => (final.get(word) ?? 0) < count)).toEqual([])
      // Each word of the repartition topic once, and those again that were counted and not committed.
      const { sent } = await run.progress()
      expect(sum(final.values())).toBe(sent + killed.logged - killed.committed)
    },
    TIMEOUT_MS,
  )
})
