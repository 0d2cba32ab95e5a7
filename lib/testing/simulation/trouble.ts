import { sleep } from '../../core/clock.ts'
import { type FaultContext, faultsOf } from './faults.ts'

/** At least so many faults happen in a run; twice as many are begun at most, unless they come to nothing. */
const MIN_FAULTS = 5

/** Begins faults, one now and then for as long as the input comes, until enough of them have happened. Resolves when all have ended. */
export async function makeTrouble(context: FaultContext, happened: () => number): Promise<void> {
  const { plan, random, clock } = context
  const faults = faultsOf(plan)
  const wanted = random.between(MIN_FAULTS, 2 * MIN_FAULTS)
  const underWay: Promise<void>[] = []
  for (let begun = 0; begun < wanted || happened() < MIN_FAULTS; begun++) {
    await sleep(clock, random.below((2 * plan.workload.inputMs) / wanted))
    underWay.push(random.pick(faults)(context))
  }
  await Promise.all(underWay)
}
