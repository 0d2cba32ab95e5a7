// npm run kill-test -- [options], see options.ts.
//
// Fills an application with N keys of state, keeps it under load (--rate, records a second) and kills it with kill -9 at random moments, each time to start it
// again with its directory. At the end everything is drained and compared: output (each count of each key once, read committed), changelog and stores with
// what was sent; and what each restart replayed with the transaction that its changelog holds last. Ends with 1 if anything differs.
//
// With --guarantee at_least_once (of Millrace alone; it commits every 100 ms here, too) nothing may be lost: each key counts at least what was sent, no count is missing in the
// output, stores and changelog are equal, and no restart replays anything whose input was committed. What came more than once is counted.
//
// The seed fixes the moments in relation to the application's own start, and the keys; what the machine makes of them differs from run to run. --membership is for
// Java, whose members are dynamic by default: then a killed one is waited for until its session ends.
import { loadavg } from 'node:os'
import { startBroker } from '../broker/index.ts'
import { KillRun } from './kill-run.ts'
import { javaLauncher, millraceLauncher } from './killed-process.ts'
import { type KillOptions, parseOptions, USAGE } from './options.ts'
import { reportText, restartText } from './report.ts'

async function killTest(options: KillOptions): Promise<void> {
  const before = { ms: Date.now(), load: loadavg() }
  await using broker = options.brokers === undefined ? await startBroker() : undefined
  using java = options.client === 'java' ? await javaLauncher() : undefined
  const run = new KillRun({
    ...options,
    brokers: options.brokers ?? broker!.bootstrap,
    launch: java ?? millraceLauncher(),
    onRestart: (restart) => console.log(restartText(restart)),
  })
  try {
    const report = await run.run()
    console.log(reportText(options, report, before))
    process.exitCode = report.problems.length === 0 ? 0 : 1
  } finally {
    await run.close()
  }
}

let options: KillOptions | undefined
try {
  options = parseOptions(process.argv.slice(2))
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}
if (options !== undefined) await killTest(options)
