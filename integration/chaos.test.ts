// The short form of `npm run chaos`: processes are killed and paused, networks cut and delayed, nodes killed, all at once; and then everything is as it should be.
// MILLRACE_SEED repeats the faults of a run, MILLRACE_CHAOS_SECONDS makes it longer.
import { describeWithBroker } from './broker/describe.ts'
import { reportText } from './chaos/report.ts'
import { type ChaosOptions, runChaos } from './chaos/run.ts'

const SECONDS = Number(process.env.MILLRACE_CHAOS_SECONDS ?? 20)
const SEED = Number(process.env.MILLRACE_SEED ?? 1)
const options: ChaosOptions = {
  seconds: SECONDS,
  faults: Math.ceil(SECONDS / 2),
  seed: SEED,
  patienceSeconds: 15,
  scope: 'task',
  guarantee: 'exactly_once',
}

describeWithBroker('an application under chaos', () => {
  it(
    `has outputs, stores and offsets that follow from its inputs, exactly once (seed ${SEED})`,
    async () => {
      const report = await runChaos(options)
      if (report.violations.length > 0) throw new Error(reportText(options, report))
      expect([...report.faults.values()].reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(options.faults)
      expect(report.faults.size).toBeGreaterThan(3)
      expect(report.records.output).toBeGreaterThan(1_000)
      expect(report.records.duplicates).toBe(0)
    },
    SECONDS * 4_000 + 420_000,
  )
})
