// After a kill, a store is read from where it was: with at most the records behind that.
import { partitionKey } from '../../lib/core/record.ts'
import type { KilledState } from './process-faults.ts'
import type { Changelogs } from './store-check.ts'
import { APPLICATION_ID, INPUTS } from './topology.ts'

/** Restores of stores that instances had when they were killed, in the lives after that. */
export function restoredAfterKills(
  killed: readonly KilledState[],
  changelogs: Changelogs,
): { readonly violations: readonly string[]; readonly records: number } {
  const violations: string[] = []
  let all = 0
  for (const { instance, nextLife, positions } of killed) {
    const lines = instance.lives >= nextLife ? instance.lines(nextLife) : []
    for (const line of lines) {
      if (line.event !== 'restored') continue
      const position = positions.get(`${line.store}-${line.partition}`)
      if (position === undefined) continue
      // Event times are those of the clock: what came later cannot have been read.
      const changelog = changelogs.get(partitionKey(changelogTopicOf(line.store), line.partition)) ?? []
      const tail = changelog.filter(({ offset, timestamp }) => offset >= position && timestamp <= line.atMs).length
      all += line.records
      if (line.records > tail) {
        violations.push(
          `${instance.name}, life ${nextLife}: ${line.store}-${line.partition} was killed at offset ${position}, and ` +
            `${line.records} records were restored where ${tail} were missing`,
        )
      }
    }
  }
  return { violations, records: all }
}

// Tables of topics have these as their changelogs.
function changelogTopicOf(store: string): string {
  return (INPUTS as readonly string[]).includes(store) ? store : `${APPLICATION_ID}-${store}-changelog`
}
