// npm run kill-test -- [--client millrace|java] [--guarantee exactly_once|at_least_once] [--scope task|instance] [--keys N] [--kills N] [--rate N] [--seed N]
//   [--membership static|dynamic] [--brokers HOST:PORT]
//
// Fills an application with N keys of state, keeps it under load (--rate, records a second) and kills it with kill -9 at random moments, each time to start it
// again with its directory. At the end everything is drained and compared: output (each count of each key once, read committed), changelog and stores with
// what was sent; and what each restart replayed with the transaction that its changelog holds last. Ends with 1 if anything differs.
//
// With --guarantee at_least_once (of Millrace alone; it commits every 100 ms here, too) nothing may be lost: each key counts at least what was sent, no count is missing in the
// output, stores and changelog are equal, and no restart replays anything whose input was committed. What came more than once is counted.
//
// The seed fixes the moments in relation to the application's own start, and the keys; what the machine makes of them differs from run to run. --membership is for
// Java, whose members are dynamic by default: then a killed one is waited for until its session ends. Without --brokers a broker is started for the run.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { median, percentile } from '../../bench/statistics.ts'
import { startBroker } from '../broker/index.ts'
import { KillRun } from './kill-run.ts'
import { javaLauncher, millraceLauncher } from './killed-process.ts'
import type { Restart } from './restarts.ts'

const { values } = parseArgs({
  options: {
    client: { type: 'string', default: 'millrace' },
    guarantee: { type: 'string', default: 'exactly_once' },
    scope: { type: 'string', default: 'task' },
    keys: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '200' },
    rate: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    membership: { type: 'string', default: 'static' },
    brokers: { type: 'string' },
  },
})

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === value)
  if (found === undefined) throw new Error(`--${option} is one of ${allowed.join(', ')}, not '${value}'`)
  return found
}

function wholeNumber(option: 'keys' | 'kills' | 'rate' | 'seed'): number {
  const number = Number(values[option])
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} is a whole number, at least 1`)
  return number
}

const spread = (numbers: readonly number[]) =>
  numbers.length === 0
    ? '–'
    : `p50 ${median(numbers)}, p99 ${percentile(numbers, 99)} (${Math.min(...numbers)}–${Math.max(...numbers)})`

const known = (restarts: readonly Restart[], time: 'restoreMs' | 'runningMs' | 'processingMs') =>
  restarts.flatMap((restart) => restart[time] ?? [])

const client = oneOf('client', values.client, ['millrace', 'java'])
const guarantee = oneOf('guarantee', values.guarantee, ['exactly_once', 'at_least_once'])
if (client === 'java' && guarantee !== 'exactly_once') throw new Error('--guarantee at_least_once is of Millrace alone')
const startedMs = Date.now()
const load = loadavg()
await using broker = values.brokers === undefined ? await startBroker() : undefined
using java = client === 'java' ? await javaLauncher() : undefined
const run = new KillRun({
  brokers: values.brokers ?? broker!.bootstrap,
  client,
  launch: java ?? millraceLauncher(),
  guarantee,
  scope: oneOf('scope', values.scope, ['task', 'instance']),
  isStatic: oneOf('membership', values.membership, ['static', 'dynamic']) === 'static',
  keys: wholeNumber('keys'),
  kills: wholeNumber('kills'),
  recordsPerSecond: wholeNumber('rate'),
  seed: wholeNumber('seed'),
  onRestart: ({ number, replayed, lastCommit, restoreMs, runningMs, processingMs }) => {
    const times = `restore ${restoreMs ?? '–'} ms, RUNNING ${runningMs ?? '–'} ms, processing ${processingMs ?? '–'} ms`
    console.log(`restart ${number}: replayed ${replayed} (last commits: ${lastCommit ?? 'unknown'}), ${times}`)
  },
})
try {
  const report = await run.run()
  const { restarts, problems } = report
  const restored = restarts.filter(({ restoreMs }) => restoreMs !== undefined)
  const replayed = restored.map((restart) => restart.replayed)
  const rows: Readonly<Record<string, string | number>> = {
    'kills, of them while starting': `${values.kills}, ${report.killedWhileStarting}`,
    'records sent': report.records,
    'transactions in the changelogs, committed / aborted': `${report.transactions.committed} / ${report.transactions.aborted}`,
    'stores emptied, by the log': report.wipes,
    'restarts that came to a restore': restored.length,
    'restarts that replayed anything': replayed.filter((count) => count > 0).length,
    'replayed records a restart': spread(replayed),
    'replayed records in all': replayed.reduce((sum, count) => sum + count, 0),
    'last commits a restart, records': spread(restored.flatMap(({ lastCommit }) => lastCommit ?? [])),
    'results that came again': report.twice?.resultsTwice ?? 'none may',
    'records that were counted again': report.twice?.countedTwice ?? 'none may',
    'restore, ms': spread(known(restarts, 'restoreMs')),
    'start to RUNNING, ms': spread(known(restarts, 'runningMs')),
    'start to the first record, ms': spread(known(restarts, 'processingMs')),
    'minutes in all': Number(((Date.now() - startedMs) / 60_000).toFixed(1)),
    'load averages, before / after': `${load.map((each) => each.toFixed(0))} / ${loadavg().map((each) => each.toFixed(0))}`,
    machine: `${availableParallelism()} × ${cpus()[0]?.model}, Node ${process.version}`,
  }
  console.log(
    `\n${client}, ${guarantee}, ${client === 'java' ? values.membership : values.scope}, ${values.keys} keys, seed ${values.seed}`,
  )
  for (const [what, value] of Object.entries(rows)) console.log(`  ${what}: ${value}`)
  for (const [message, count] of report.logged) console.log(`  logged ${count} times: ${message}`)
  for (const problem of problems) console.error(`  WRONG: ${problem}`)
  console.log(problems.length === 0 ? '  output, changelog and stores are as they must be' : '  NOT AS IT MUST BE')
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await run.close()
}
