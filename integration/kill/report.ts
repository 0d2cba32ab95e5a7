import { availableParallelism, cpus, loadavg } from 'node:os'
import { median, percentile } from '../../bench/statistics.ts'
import type { KillReport } from './kill-run.ts'
import type { KillOptions } from './options.ts'
import type { Restart } from './restarts.ts'

const spread = (numbers: readonly number[]) =>
  numbers.length === 0
    ? '–'
    : `p50 ${median(numbers)}, p99 ${percentile(numbers, 99)} (${Math.min(...numbers)}–${Math.max(...numbers)})`

const known = (restarts: readonly Restart[], time: 'restoreMs' | 'runningMs' | 'processingMs') =>
  restarts.flatMap((restart) => restart[time] ?? [])

/** A line for a restart, as soon as it is known what it replayed. */
export function restartText({ number, replayed, lastCommit, restoreMs, runningMs, processingMs }: Restart): string {
  const times = `restore ${restoreMs ?? '–'} ms, RUNNING ${runningMs ?? '–'} ms, processing ${processingMs ?? '–'} ms`
  return `restart ${number}: replayed ${replayed} (last commits: ${lastCommit ?? 'unknown'}), ${times}`
}

/** What a run did and found, for people. */
export function reportText(
  options: KillOptions,
  report: KillReport,
  before: { readonly ms: number; readonly load: readonly number[] },
): string {
  const { client, guarantee, scope, isStatic, keys, kills, seed } = options
  const { restarts, problems } = report
  const restored = restarts.filter(({ restoreMs }) => restoreMs !== undefined)
  const replayed = restored.map((restart) => restart.replayed)
  const rows: Readonly<Record<string, string | number>> = {
    'kills, of them while starting': `${kills}, ${report.killedWhileStarting}`,
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
    'minutes in all': Number(((Date.now() - before.ms) / 60_000).toFixed(1)),
    'load averages, before / after': `${loads(before.load)} / ${loads(loadavg())}`,
    machine: `${availableParallelism()} × ${cpus()[0]?.model}, Node ${process.version}`,
  }
  const kind = client === 'millrace' ? scope : isStatic ? 'static' : 'dynamic'
  return [
    `\n${client}, ${guarantee}, ${kind}, ${keys} keys, seed ${seed}`,
    ...Object.entries(rows).map(([what, value]) => `  ${what}: ${value}`),
    ...[...report.logged].map(([message, count]) => `  logged ${count} times: ${message}`),
    ...problems.map((problem) => `  WRONG: ${problem}`),
    problems.length === 0 ? '  output, changelog and stores are as they must be' : '  NOT AS IT MUST BE',
  ].join('\n')
}

function loads(averages: readonly number[]): string {
  return averages.map((each) => each.toFixed(0)).join()
}
