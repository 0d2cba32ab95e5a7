import { topologyOf } from './cases.ts'
import { difference } from './difference.ts'
import { runInDriver } from './driver-run.ts'
import type { GoldenCase } from './golden-case.ts'

/** What a case does in TopologyTestDriver that Java did not do, in words; undefined if nothing differs. */
export async function problemWith(recorded: GoldenCase): Promise<string | undefined> {
  try {
    const topology = topologyOf(recorded)
    const description = topology.describe()
    return difference(recorded, description, await runInDriver(recorded, topology))
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
