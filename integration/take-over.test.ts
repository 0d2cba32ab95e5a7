// An application that Java Kafka Streams began goes on in Millrace, and the other way round, under the same application id: offsets, changelogs, stream
// times, how far windows were emitted and what waits to be emitted are taken over, and the results are those of one run.
import { serdes } from '../lib/index.ts'
import type { Serde } from '../lib/serde/serde.ts'
import { nameOf } from '../tests/topology/support/window-task.ts'
import { type Contents, type Input, sessionContents, timeWindowContents } from '../tests/topology/windowed/models.ts'
import { describeWithJava } from './java/describe.ts'
import { until } from './support/cluster.ts'
import { GRACE_MS, sessionSerde, sessions, timeWindows, WINDOW_MS, windowSerde } from './support/counting.ts'
import type { Runner } from './support/counting-process.ts'
import { PARTITIONS, partitionOf, plainLines, sum, TakeOverRun, wordsOf } from './support/take-over-run.ts'
import { finalCounts, wordsNotRising, writtenCounts } from './support/word-count-check.ts'

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
      const lines = plainLines(150_000)
      const size = Math.ceil(lines.length / runners.length)
      run = await TakeOverRun.open({ kind: 'words' })
      const counted = async () => (await run.progress().catch(() => ({ committed: 0 }))).committed
      for (const [i, runner] of runners.entries()) {
        const application = await run.start(runner)
        await application.running()
        await run.produceLines(lines.slice(i * size, (i + 1) * size))
        if (i < runners.length - 1) {
          // What it has not come to yet, and what it has sent to the repartition topic, is for the next one.
          const some = (await counted()) + 1_000
          await until('it has counted and committed some words', async () => (await counted()) >= some)
        } else await run.caughtUp()
        if (i > 0 && runner === 'millrace') expect(application.restored).toBeGreaterThan(100)
        await application.close()
        await run.groupEmpty()
      }
      const written = await writtenCounts(run.cluster, run.output)
      expect(finalCounts(written)).toEqual(wordsOf(lines))
      expect(wordsNotRising(written)).toEqual([])
    },
    TIMEOUT_MS,
  )

  it.each(turns)(
    '%s: windows, final counts, a suppress buffer and sessions, with records that are late when the other one has just taken over',
    async (_, runners) => {
      const batches = runners.map((runner, i) => batch(i, runner === 'millrace'))
      run = await TakeOverRun.open({ kind: 'windowed' })
      for (const [i, runner] of runners.entries()) {
        const application = await run.start(runner)
        await application.running()
        await run.produce(batches[i]!)
        await run.caughtUp()
        await application.close()
        await run.groupEmpty()
      }
      const all = batches.flat()
      const windows = counted(byPartition(all, (own) => timeWindowContents(timeWindows, own)))
      expect(late(all, windows)).toBeGreaterThanOrEqual(keys.length)
      const updates = await written('updates', windowSerde)
      expect(last(updates)).toEqual(windows)
      expect(wordsNotRising(updates as ReadonlyMap<string, readonly number[]>)).toEqual([])

      const closed = new Map([...windows].filter(([window]) => isClosed(window, all)).map(([name, n]) => [name, [n]]))
      expect(closed.size).toBeGreaterThan(20)
      expect(closed.size).toBeLessThan(windows.size)
      expect(await written('closed', windowSerde)).toEqual(closed)
      expect(await written('suppressed', windowSerde)).toEqual(closed)

      const modelled = counted(byPartition(all, (own) => sessionContents(sessions, own)))
      expect(modelled.size).toBeGreaterThan(20)
      expect(last(await written('sessions', sessionSerde))).toEqual(modelled)
    },
    TIMEOUT_MS,
  )

  /** Every count of an output, by key and window, in order; null: a session that has become part of another. */
  async function written(name: string, key: Serde<any>): Promise<ReadonlyMap<string, readonly (number | null)[]>> {
    const topic = `${run.output}-${name}`
    const counts = new Map<string, (number | null)[]>()
    for (const record of await run.cluster.readCommitted(topic)) {
      const window = nameOf(key.deserialize(topic, record.key!))
      const count = record.value === null ? null : serdes.long().deserialize(topic, record.value)
      counts.set(window, [...(counts.get(window) ?? []), count])
    }
    return counts
  }
})

const keys = ['a', 'b', 'c', 'd', 'e', 'f']

/**
 * A minute of records, one each 250 ms, partly out of order. It begins, from the second on, with records of each key that are on time only because of the grace, and
 * others that come too late: by the time that was before. With `lateFirst` they are the first that the new one sees; Java has to be told the time by a record
 * before them, since it forgets the time of its windows, whoever had it.
 */
function batch(number: number, lateFirst: boolean): readonly Input[] {
  const startMs = T0 + number * 60_000
  const at = (key: string, timeMs: number): Input => ({ key, value: 'x', timeMs })
  const late =
    number === 0
      ? []
      : keys.flatMap((key) => [at(key, startMs - WINDOW_MS - GRACE_MS - 1_000), at(key, startMs - 4_000)])
  const ticks = keys.map((key) => at(key, startMs))
  const others = Array.from({ length: 240 }, (_, i) =>
    at(keys[(i * 5 + (i >> 2)) % keys.length]!, startMs + 250 * i - ((i * 7) % 5) * 900 * (i < 20 ? 0 : 1)),
  )
  // Of these nothing more comes: what they have counted is only in what the other one finds.
  const leftBehind = keys.flatMap((key) => [
    at(`${key}${number}`, startMs + 58_000),
    at(`${key}${number}`, startMs + 58_500),
  ])
  return [...(lateFirst ? [...late, ...ticks] : [...ticks, ...late]), ...others, ...leftBehind]
}

/** What a model makes of the records of each partition. */
function byPartition(records: readonly Input[], model: (records: readonly Input[]) => Contents): Contents {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) =>
    records.filter((record) => partitionOf(record) === partition),
  )
  return new Map(partitions.flatMap((own) => [...model(own)]))
}

function counted(contents: Contents): ReadonlyMap<string, number> {
  return new Map([...contents].map(([window, values]) => [window, values.length]))
}

function late(records: readonly Input[], windows: ReadonlyMap<string, number>): number {
  return records.length - sum(windows.values())
}

function last(written: ReadonlyMap<string, readonly (number | null)[]>): ReadonlyMap<string, number | null> {
  return new Map(
    [...written].map(([window, counts]) => [window, counts.at(-1)!] as const).filter(([, n]) => n !== null),
  )
}

/** Whether a window, `key@start-end`, has closed by the last record of its partition. */
function isClosed(window: string, records: readonly Input[]): boolean {
  const [, key, end] = /^(.*)@\d+-(\d+)$/.exec(window)!
  const partition = partitionOf({ key: key!, value: '', timeMs: 0 })
  const times = records.filter((record) => partitionOf(record) === partition).map(({ timeMs }) => timeMs)
  return Number(end) <= Math.max(...times) - GRACE_MS
}
