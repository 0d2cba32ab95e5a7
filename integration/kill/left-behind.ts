// What the application has left behind: its changelog, and the stores on disk.
import { join } from 'node:path'
import { readRecords } from '../../bench/topics.ts'
import type { Client } from '../../lib/client/client.ts'
import { systemClock } from '../../lib/core/clock.ts'
import type { ConsumedRecord } from '../../lib/core/record.ts'
import { openLevelTaskDatabase } from '../../stores/level/index.ts'
import { plainValue } from '../../stores/value-and-timestamp.ts'
import { numberOf, PARTITIONS } from './load.ts'
import type { Problems } from './problems.ts'

const MEMORY = { memoryBytes: 16 << 20, readCacheBytes: 0 }

export interface LeftBehind {
  readonly client: Client
  readonly output: string
  readonly changelog: string
  /** Its state directory, which nobody may have open; undefined: not one that can be read here. */
  readonly directory: string | undefined
}

/** The last count of each key in the changelog. `each` sees all records, by partition, then offset. */
export async function changelogCounts(
  { client, changelog }: LeftBehind,
  keys: number,
  each: (record: ConsumedRecord) => void = () => {},
): Promise<Uint32Array> {
  const last = new Uint32Array(keys)
  await readRecords(client, changelog, (record) => {
    const { key, value } = record
    last[numberOf(key!)] = value === null ? 0 : Number(value.readBigInt64BE())
    each(record)
  })
  return last
}

/** The count of each key in the stores. */
export async function storeCounts(directory: string, keys: number, problems: Problems): Promise<Uint32Array> {
  const found = new Uint32Array(keys)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const options = { directory: join(directory, `0_${partition}`), clock: systemClock, ...MEMORY }
    const database = await openLevelTaskDatabase(options)
    try {
      for await (const [key, row] of database.committed('counts').range({})) {
        const number = numberOf(key)
        if (found[number] !== 0) problems.add(`key ${number} stands in two tasks`)
        found[number] = Number(plainValue(row).readBigInt64BE())
      }
    } finally {
      await database.close()
    }
  }
  return found
}
