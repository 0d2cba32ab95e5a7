// npm run simulate: runs many seeds of the simulated cluster (docs/simulation.md), as fast as they go.
import { chosenOf, parseOptions, type RunOptions, USAGE } from './simulate/options.ts'
import { Report } from './simulate/report.ts'
import { runInProcesses, runSeeds } from './simulate/seeds.ts'

async function main(options: RunOptions): Promise<void> {
  // Of the many errors of a run only messages are told. Their stacks would take a twentieth of its time.
  if (!options.trace) Error.stackTraceLimit = 0
  if (options.worker) return runSeeds(options, (result) => console.log(JSON.stringify(result)))
  const report = new Report((line) => console.log(line), chosenOf(options))
  const startMs = performance.now()
  const run = options.processes > 1 ? runInProcesses : runSeeds
  await run(options, (result) => report.add(result))
  report.end((performance.now() - startMs) / 1_000)
  if (report.failures > 0) process.exitCode = 1
}

try {
  await main(parseOptions(process.argv.slice(2)))
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`)
  process.exitCode = 2
}
