// A short form of `npm run kill-test`: state, output and changelog are right after kill -9 at random moments (at least once: nothing is missing), nothing is rebuilt, and
// no restart replays more than the last commit. MILLRACE_SEED repeats a run's moments.
import { describeWithBroker } from './broker/describe.ts'
import { KillRun } from './kill/kill-run.ts'
import { millraceLauncher } from './kill/killed-process.ts'

const KILLS = 5
const SEED = Number(process.env.MILLRACE_SEED ?? 1)

const WAYS = [
  { guarantee: 'exactly_once', scope: 'task' },
  { guarantee: 'exactly_once', scope: 'instance' },
  { guarantee: 'at_least_once', scope: 'task' },
] as const

describeWithBroker('an application with 20 000 keys of state under kill -9', (brokers) => {
  it.each(WAYS)(
    `is right to the last count: $guarantee, a transaction a $scope (${KILLS} kills, seed ${SEED})`,
    async ({ guarantee, scope }) => {
      const run = new KillRun({
        brokers,
        client: 'millrace',
        launch: millraceLauncher(),
        guarantee,
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
        if (guarantee === 'exactly_once') expect(transactions.committed).toBeGreaterThan(0)
      } finally {
        await run.close()
      }
    },
    300_000,
  )
})
