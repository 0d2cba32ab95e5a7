// npm run bench:lanes -- [--tasks 8,32,100] [--scopes task,instance] [--seconds N] [--runs N] [--rate N] [--brokers HOST:PORT]
//
// What a transaction for each task costs beside one for all tasks of an instance: one instance counts by key, in as many tasks as its input has partitions, each of
// which gets --rate records a second, so that every task has something to commit whenever a commit is due (every 100 ms). Both scopes in turns; medians.
//
// `commit`: from the seal to the end of the write to LevelDB. `broker`: the CPU time of the broker's process, in percent of one core, with the load's own
// producer; `load alone`: before the application was started. Unknown with --brokers, or where there is no /proc.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startBroker } from '../integration/broker/index.ts'
import { connect } from './connect.ts'
import type { FromApplication, LanesApplicationOptions, LanesMeasurement, ToApplication } from './lanes-application.ts'
import { median } from './statistics.ts'
import { KEYS } from './topics.ts'

const ROUND_MS = 50
const LOAD_WARM_UP_MS = 5_000
/** The broker's first index entry in a partition, after 4 KiB, takes it some 10 ms: until all partitions have one, a commit of a hundred tasks takes seconds. */
const WARM_UP_MS = 20_000
/** Of the kernel's clock in /proc: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '8,32,100' },
    scopes: { type: 'string', default: 'task,instance' },
    seconds: { type: 'string', default: '15' },
    runs: { type: 'string', default: '3' },
    rate: { type: 'string', default: '20' },
    brokers: { type: 'string' },
  },
})

type Scope = LanesApplicationOptions['scope']

interface Result extends LanesMeasurement {
  readonly brokerPercent: number | undefined
  readonly loadPercent: number | undefined
}

const scopes = values.scopes.split(',').map((scope): Scope => {
  if (scope !== 'task' && scope !== 'instance') throw new Error(`--scopes are task and instance, not '${scope}'`)
  return scope
})
const [seconds, runs, rate] = [Number(values.seconds), Number(values.runs), Number(values.rate)]
await using broker = values.brokers === undefined ? await startBroker() : undefined
const brokers = values.brokers ?? broker!.bootstrap
const client = connect(brokers)
let names = 0

/** Seconds of CPU that the broker has used, if that can be told. */
function brokerSeconds(): number | undefined {
  const pid = broker?.nodes[0]?.pid
  try {
    // Behind the name in brackets, which may have spaces: fields 14 and 15 are the ticks in user and system mode.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}

/** The broker's share of a core while `work` is done. */
async function brokerPercentDuring(work: () => Promise<unknown>): Promise<number | undefined> {
  const [before, startedMs] = [brokerSeconds(), performance.now()]
  await work()
  const after = brokerSeconds()
  if (before === undefined || after === undefined) return undefined
  return ((after - before) * 100_000) / (performance.now() - startedMs)
}

/** Sends each partition `rate` records a second, until it is stopped. */
async function load(topic: string, partitions: number, stop: AbortSignal): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  const value = Buffer.from('one line of some words')
  const startedMs = performance.now()
  for (let sent = 0; !stop.aborted; ) {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * rate)
    for (; sent < due; sent++) {
      // The key decides nothing here: each partition is to have its share.
      for (let partition = 0; partition < partitions; partition++)
        producer.send(topic, partition, Buffer.from(`key-${(sent * 7919) % KEYS}`), value, Date.now(), [])
    }
    await setTimeout(ROUND_MS)
  }
  await producer.flush()
  await producer.close()
}

async function measure(tasks: number, scope: Scope): Promise<Result> {
  const applicationId = `millrace-lanes-${process.pid}-${names++}`
  const [input, output] = [`${applicationId}-input`, `${applicationId}-output`]
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-lanes-'))
  await client.admin.createTopics([input, output].map((topic) => ({ topic, partitionCount: tasks })))
  const stop = new AbortController()
  const loading = load(input, tasks, stop.signal)
  await setTimeout(LOAD_WARM_UP_MS)
  const loadPercent = await brokerPercentDuring(() => setTimeout(LOAD_WARM_UP_MS))
  const options: LanesApplicationOptions = { brokers, applicationId, stateDir, input, output, scope }
  const program = join(import.meta.dirname, 'lanes-application.ts')
  const application = fork(program, [JSON.stringify(options)], {
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
  })
  const say = (message: ToApplication) => application.send(message)
  const ended = new Promise<never>((_, reject) => {
    application.once('exit', (code) => reject(new Error(`the application ended with ${code}`)))
  })
  ended.catch(() => {}) // its end after the measurement is right
  const heard = async () => (await Promise.race([once(application, 'message'), ended]))[0] as FromApplication
  await heard()
  await setTimeout(WARM_UP_MS)
  say('measure')
  const brokerPercent = await brokerPercentDuring(() => setTimeout(seconds * 1_000))
  const answer = heard()
  say('stop')
  const measurement = (await answer) as LanesMeasurement
  await ended.catch(() => {})
  stop.abort()
  await loading
  const topics = [...(await client.admin.listTopics()).keys()].filter((topic) => topic.startsWith(applicationId))
  await client.admin.deleteTopics(topics)
  rmSync(stateDir, { recursive: true, force: true })
  return { ...measurement, brokerPercent, loadPercent }
}

const shown = (results: readonly Result[], what: (result: Result) => number | undefined, digits: number) => {
  const numbers = results.map(what).filter((number) => number !== undefined)
  if (numbers.length === 0) return '?'
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  return `${median(numbers).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

console.log(`load averages before: ${loadavg().map((each) => each.toFixed(1))}`)
const rows: Record<string, string | number>[] = []
for (const tasks of values.tasks.split(',').map(Number)) {
  const results = new Map(scopes.map((scope) => [scope, [] as Result[]]))
  for (let run = 0; run < runs; run++) {
    for (const scope of scopes) {
      const result = await measure(tasks, scope)
      results.get(scope)!.push(result)
      console.log(JSON.stringify({ tasks, scope, ...result }))
    }
  }
  for (const [scope, all] of results) {
    rows.push({
      tasks,
      scope,
      'commits/s a task': shown(all, (result) => result.commitsPerSecond, 2),
      'transactions/s': shown(all, (result) => result.transactionsPerSecond, 1),
      'commit p50, ms': shown(all, (result) => result.commitP50Ms, 1),
      'commit p99, ms': shown(all, (result) => result.commitP99Ms, 1),
      'broker, % of a core': shown(all, (result) => result.brokerPercent, 0),
      'load alone': shown(all, (result) => result.loadPercent, 0),
      'application, % of a core': shown(all, (result) => result.cpuPercent, 0),
      'records/s': shown(all, (result) => result.recordsPerSecond, 0),
    })
  }
}
console.table(rows)
console.log(`load averages after: ${loadavg().map((each) => each.toFixed(1))}`)
await client.close()
