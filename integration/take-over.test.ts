// An application that Java Kafka Streams began goes on in Millrace, and the other way round, under the same application id: offsets, changelogs, stream
// times and how far windows were emitted are taken over, and the results are those of one run.
import { partitionFor } from '../lib/core/murmur2.ts'
import { describeWithJava } from './java/describe.ts'
import { until } from './support/cluster.ts'
import { GRACE_MS, PARTITIONS, type Runner, TakeOverRun, type TimedKey, WINDOW_MS } from './support/take-over-run.ts'
import { countWords, realText } from './support/text.ts'
import { finalCounts, wordsNotRising } from './support/word-count-check.ts'

/** Of a topic that is not there yet. */
const NOTHING = { committed: [] }
const TIMEOUT_MS = 180_000
// Brokers delete by the time of records what Java's changelogs of windows hold, so it is not long ago.
const T0 = Math.floor((Date.now() - 600_000) / WINDOW_MS) * WINDOW_MS

const turns: readonly (readonly [string, readonly Runner[]])[] = [
  ['Java, then Millrace', ['java', 'millrace']],
  ['Millrace, Java, and Millrace again on the disk that it left', ['millrace', 'java', 'millrace']],
]

await describeWithJava('an application in the hands of', () => {
  let run: TakeOverRun
  afterEach(() => run?.close())

  it.each(turns)(
    '%s: a word count of real text that stops in the middle',
    async (_, runners) => {
      // Words as `split(' ')` has them in both.
      const lines = realText(150_000).map((line) => [...countWords([line]).keys()].join(' '))
      const size = Math.ceil(lines.length / runners.length)
      run = await TakeOverRun.open('words')
      const counted = async () => {
        const { committed } = await run.cluster.progress(run.applicationId, run.repartitionTopic).catch(() => NOTHING)
        return committed.reduce((sum, offset) => sum + Math.max(0, offset), 0)
      }
      for (const [i, runner] of runners.entries()) {
        const application = await run.start(runner)
        await run.produceLines(lines.slice(i * size, (i + 1) * size))
        if (i < runners.length - 1) {
          // What it has not come to yet, and what it has sent to the repartition topic, is for the next one.
          const some = (await counted()) + 1_000
          await until('it has counted and committed some words', async () => (await counted()) >= some)
        } else await run.caughtUp()
        if (i > 0 && runner === 'millrace') {
          expect(application.restored.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(100)
        }
        await application.close()
      }
      const written = await run.written()
      expect(finalCounts(written)).toEqual(wordsOf(lines))
      expect(wordsNotRising(written)).toEqual([])
    },
    TIMEOUT_MS,
  )

  it.each(turns)(
    '%s: windows, with records that are late when the other one has just taken over',
    async (_, runners) => {
      const batches = runners.map((runner, i) => batch(i, runner === 'millrace'))
      run = await TakeOverRun.open('windows')
      for (const [i, runner] of runners.entries()) {
        const application = await run.start(runner)
        await run.produce(batches[i]!)
        await run.caughtUp()
        await application.close()
      }
      const written = await run.written()
      expect(finalCounts(written)).toEqual(uninterrupted(batches.flat()).counts)
      expect(wordsNotRising(written)).toEqual([])
    },
    TIMEOUT_MS,
  )

  it.each(turns)(
    '%s: each window once, when it closes',
    async (_, runners) => {
      // Java counts late records into windows that it does not emit a second time.
      const batches = runners.map((_, i) => batch(i, true))
      run = await TakeOverRun.open('closed-windows')
      for (const [i, runner] of runners.entries()) {
        const application = await run.start(runner)
        await run.produce(batches[i]!)
        await run.caughtUp()
        await application.close()
      }
      const { counts, isClosed } = uninterrupted(batches.flat())
      const closed = [...counts].filter(([window]) => isClosed(window)).map(([window, count]) => [window, [count]])
      expect(closed.length).toBeGreaterThan(20)
      expect(await run.written()).toEqual(new Map(closed as [string, number[]][]))
    },
    TIMEOUT_MS,
  )
})

const keys = ['a', 'b', 'c', 'd', 'e', 'f']

/**
 * A minute of records, one each 250 ms, partly out of order. It begins, from the second on, with records of each key that are on time only because of the grace, and
 * others that come too late: by the time that was before. With `lateFirst` they are the first that the new one sees; Java has to be told the time by a record
 * before them, since it forgets the time of its windows, whoever had it.
 */
function batch(number: number, lateFirst: boolean): readonly TimedKey[] {
  const startMs = T0 + number * 60_000
  const late =
    number === 0
      ? []
      : keys.flatMap((key) => [
          { key, timeMs: startMs - WINDOW_MS - GRACE_MS - 1_000 },
          { key, timeMs: startMs - 4_000 },
        ])
  const ticks = keys.map((key) => ({ key, timeMs: startMs }))
  const others = Array.from({ length: 240 }, (_, i) => ({
    key: keys[(i * 5 + (i >> 2)) % keys.length]!,
    timeMs: startMs + 250 * i - ((i * 7) % 5) * 900 * (i < 20 ? 0 : 1),
  }))
  return lateFirst ? [...late, ...ticks, ...others] : [...ticks, ...late, ...others]
}

/** What one run would count in each window, `key@start`, and which windows would have closed by its end. */
function uninterrupted(records: readonly TimedKey[]) {
  const counts = new Map<string, number>()
  const streamTimesMs = new Array<number>(PARTITIONS).fill(-1)
  const partitionOf = (key: string) => partitionFor(Buffer.from(key), PARTITIONS)
  for (const { key, timeMs } of records) {
    const partition = partitionOf(key)
    const streamTimeMs = Math.max(streamTimesMs[partition]!, timeMs)
    streamTimesMs[partition] = streamTimeMs
    const startMs = timeMs - (timeMs % WINDOW_MS)
    if (startMs + WINDOW_MS <= streamTimeMs - GRACE_MS) continue
    const window = `${key}@${startMs}`
    counts.set(window, (counts.get(window) ?? 0) + 1)
  }
  const isClosed = (window: string) => {
    const [key, start] = window.split('@') as [string, string]
    return Number(start) + WINDOW_MS <= streamTimesMs[partitionOf(key)]! - GRACE_MS
  }
  return { counts, isClosed }
}

function wordsOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
