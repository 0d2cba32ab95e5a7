// What a run has to show when it is over: the outputs, what was read, and the stores.
import { changelogTopic } from '../../../topology/physical.ts'
import type { MemoryCluster } from '../../client/memory/index.ts'
import { VirtualClock } from '../../core/clock.ts'
import type { Machine } from './machine.ts'
import { type Expected, expectedOf, readTopic } from './oracle.ts'
import { lossesOf, OutputCheck, valuesByKey } from './output-check.ts'
import type { SimulationPlan } from './plan.ts'
import { checkStores } from './store-check.ts'
import { APPLICATION_ID, buildWorkload } from './workload.ts'

export interface Verdict {
  readonly violations: readonly string[]
  /** Records written more than once: at least once may. */
  readonly duplicates: number
}

export async function judge(
  plan: SimulationPlan,
  cluster: MemoryCluster,
  machines: readonly Machine[],
): Promise<Verdict> {
  const expected = expectedOf(cluster, plan.workload)
  const { violations, duplicates } =
    plan.guarantee === 'exactly_once' ? exactly(plan, cluster, expected) : atLeast(cluster, expected)
  const topology = buildWorkload(plan.workload, { clock: new VirtualClock(), onRead() {}, onHalfDone() {} }).physical()
  const stores: string[] = []
  for (const { disk, name } of machines)
    stores.push(...(await checkStores(cluster, topology, disk, name, plan.guarantee)))
  return { violations: [...violations, ...stores], duplicates }
}

function exactly({ config }: SimulationPlan, cluster: MemoryCluster, expected: Expected): Verdict {
  const check = new OutputCheck(expected)
  const isMerged = (config.cacheBytes ?? 0) > 0
  check.mapped(readTopic(cluster, 'mapped'))
  check.windowed(readTopic(cluster, 'windowed'), isMerged)
  check.joined(readTopic(cluster, 'joined'))
  check.lists(readTopic(cluster, 'lists'), isMerged)
  return { violations: check.violations, duplicates: 0 }
}

/** Every id is in some result of its key; and in what the next to restore the lists would have of them. */
function atLeast(cluster: MemoryCluster, { mapped, windowed, joined, lists }: Expected): Verdict {
  const violations: string[] = []
  const require = (topic: string, wanted: ReadonlyMap<string | null, readonly string[]>, split: boolean): number => {
    const found = valuesByKey(readTopic(cluster, topic))
    let duplicates = 0
    for (const [key, values] of wanted) {
      const written = found.get(key) ?? []
      const ids = split ? [...new Set(written.flatMap((list) => list.split(' ')))] : written
      const losses = lossesOf(ids, split ? [...new Set(values)] : values)
      duplicates += losses.duplicates
      if (losses.missing.length > 0) violations.push(`${topic} ${key}: lost ${losses.missing.join(', ')}`)
    }
    return duplicates
  }
  const idsOf = (states: readonly string[]) => states.at(-1)?.split(' ') ?? []
  const duplicates =
    require('mapped', mapped, false) +
    require('joined', new Map([...joined].map(([key, pairs]) => [key, pairs.map(({ value }) => value)])), false)
  require('windowed', new Map([...windowed].map(([key, states]) => [key, idsOf(states)])), true)
  const whole = new Map([...lists].map(([group, sources]) => [group, sources.flat()]))
  require('lists', whole, true)
  const changelog = valuesByKey(readTopic(cluster, changelogTopic('lists', APPLICATION_ID)))
  for (const [group, ids] of whole) {
    const { missing } = lossesOf([...new Set(changelog.get(group)?.at(-1)?.split(' '))], [...new Set(ids)])
    if (missing.length > 0) violations.push(`the changelog of lists lacks ${missing.join(', ')} in ${group}`)
  }
  return { violations, duplicates }
}
