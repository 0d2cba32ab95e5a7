// npm run chaos -- [--seconds N] [--faults N] [--seed N] [--runs N] [--patience SECONDS] [--scope task|instance] [--guarantee exactly_once|at_least_once]: see run.ts. Prints what was done and what was
// found; ends with 1 if anything is wrong, and leaves logs, states and outputs then.
import { parseArgs } from 'node:util'
import { reportText } from './report.ts'
import { type ChaosOptions, runChaos } from './run.ts'

const USAGE =
  'Usage: npm run chaos -- [--seconds 180] [--faults 60] [--seed N] [--runs 1] [--patience 15] [--scope task|instance] [--guarantee exactly_once|at_least_once]'
const MAX_SEED = 1_000_000

interface CommandLine extends ChaosOptions {
  readonly runs: number
}

function readCommandLine(args: readonly string[]): CommandLine {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: text, faults: text, seed: text, runs: text, patience: text, scope: text, guarantee: text },
  })
  const number = (name: 'seconds' | 'faults' | 'seed' | 'runs' | 'patience', otherwise: number, least = 1): number => {
    const value = Number(values[name] ?? otherwise)
    if (!Number.isInteger(value) || value < least)
      throw new TypeError(`--${name} must be a whole number from ${least} on`)
    return value
  }
  const { scope = 'task', guarantee = 'exactly_once' } = values
  if (scope !== 'task' && scope !== 'instance') throw new TypeError(`--scope must be task or instance, got '${scope}'`)
  if (guarantee !== 'exactly_once' && guarantee !== 'at_least_once')
    throw new TypeError(`--guarantee must be exactly_once or at_least_once, got '${guarantee}'`)
  return {
    seconds: number('seconds', 180),
    faults: number('faults', 60),
    seed: number('seed', 1 + Math.floor(Math.random() * MAX_SEED)),
    runs: number('runs', 1),
    patienceSeconds: number('patience', 15, 0),
    scope,
    guarantee,
  }
}

try {
  const { runs, ...options } = readCommandLine(process.argv.slice(2))
  for (let run = 0; run < runs; run++) {
    const ofRun = { ...options, seed: options.seed + run }
    const report = await runChaos(ofRun)
    console.log(reportText(ofRun, report))
    if (report.violations.length > 0) process.exitCode = 1
  }
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n${USAGE}` : error)
  process.exitCode = 2
}
