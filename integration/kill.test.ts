// A short form of `npm run kill-test`: state, output and changelog are right after kill -9 at random moments, nothing is rebuilt, and no restart replays more than
// the last commit. MILLRACE_SEED repeats a run's moments.
import { describeWithBroker } from './broker/describe.ts'
import { KillRun } from './kill/kill-run.ts'
import { millraceLauncher } from './kill/killed-process.ts'

const KILLS = 5
const SEED = Number(process.env.MILLRACE_SEED ?? 1)

describeWithBroker('an application with 20 000 keys of state under kill -9', (brokers) => {
  it.each(['task', 'instance'] as const)(
    `is right to the last count with a transaction a %s (${KILLS} kills, seed ${SEED})`,
    async (scope) => {
      const run = new KillRun({
        brokers,
        client: 'millrace',
        launch: millraceLauncher(),
        scope,
        isStatic: true,
        keys: 20_000,
        kills: KILLS,
        recordsPerSecond: 1_000,
        seed: SEED,
      })
      try {
        const { problems, restarts, wipes, transactions } = await run.run()
        expect(problems).toEqual([])
        expect(wipes).toBe(0)
        // Else nothing was interrupted, and nothing compared.
        expect(restarts).toHaveLength(KILLS)
        expect(transactions.committed).toBeGreaterThan(0)
      } finally {
        await run.close()
      }
    },
    300_000,
  )
})
