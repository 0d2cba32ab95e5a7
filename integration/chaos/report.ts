import type { ChaosOptions, ChaosReport } from './run.ts'

const MAX_SHOWN_VIOLATIONS = 40

/** What people read of a run; of one that found something, all that is needed to look for the cause. */
export function reportText(options: ChaosOptions, report: ChaosReport): string {
  const { seconds, records, faults, violations, restoredAfterKills } = report
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0)
  const rounded = (value: number) => `${Math.round(value)} s`
  const kinds = [...faults].map(([kind, count]) => `${count}x ${kind}`).join(', ')
  return [
    `seed ${options.seed}, ${options.guarantee}, transactions by ${options.scope}:`,
    `  ${total} faults in ${rounded(seconds.faults)}: ${kinds}`,
    `  ${records.input} records in, ${records.output} out, ${records.duplicates} of them twice; ${restoredAfterKills} ` +
      `restored after kills; all processed and closed ${rounded(seconds.drain)} after the last fault`,
    ...(violations.length === 0 ? ['  everything is as it should be'] : violationLines(options, report)),
  ].join('\n')
}

function violationLines(options: ChaosOptions, { violations, faultLog, folder }: ChaosReport): readonly string[] {
  const { seconds, faults, seed, patienceSeconds: patience, scope, guarantee } = options
  const shown = violations.slice(0, MAX_SHOWN_VIOLATIONS)
  return [
    `  ${violations.length} violations, of which are shown ${shown.length}:`,
    ...shown.map((violation) => `    ${violation}`),
    ...faultLog.map((line) => `  ${line}`),
    `  logs, states and outputs: ${folder}`,
    `  the same faults: npm run chaos -- --seconds ${seconds} --faults ${faults} --seed ${seed} --patience ${patience} --scope ${scope} ` +
      `--guarantee ${guarantee}`,
  ]
}
