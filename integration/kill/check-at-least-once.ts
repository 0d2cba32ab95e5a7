// What the application must have left behind, whatever was done to it, if no record may be lost: more than it was sent, but not less.
import { readRecords } from '../../bench/topics.ts'
import { partitionFor } from '../../lib/core/murmur2.ts'
import type { ConsumedRecord } from '../../lib/core/record.ts'
import { changelogCounts, type LeftBehind, storeCounts } from './left-behind.ts'
import { numberOf, PARTITIONS } from './load.ts'
import { Problems } from './problems.ts'

/** What one restart read of a partition of the changelog. */
export interface Replay {
  readonly restart: number
  readonly partition: number
  readonly startingOffset: number
  readonly records: number
  /** The timestamp of the input record with which the restart then began: the first that the group had no offset of. */
  readonly inputTimestamp: number
}

export interface AtLeastOnceFound {
  readonly problems: readonly string[]
  /** Results beyond one for each record sent. */
  readonly resultsTwice: number
  /** Records that the counts have more than were sent. */
  readonly countedTwice: number
}

const sum = (counts: Uint32Array) => counts.reduce((total, count) => total + count, 0)

/**
 * No count of a key may be missing in the output, though any may come again, with those behind it; changelog and stores have what came last, which is no less than
 * the truth. And what restarts replayed was of input that the group had no offset of: timestamps rise with the input's offsets.
 */
export async function checkAtLeastOnce(
  left: LeftBehind,
  truth: Uint32Array,
  replays: readonly Replay[],
): Promise<AtLeastOnceFound> {
  const replayed = new Problems('replayed')
  const changelog = await changelogCounts(left, truth.length, replayCheck(replays, replayed))
  const lost = new Problems('lost')
  for (let number = 0; number < truth.length; number++) {
    const [counted, sent] = [changelog[number]!, truth[number]!]
    if (counted < sent) lost.add(`key ${number} counts ${counted} of ${sent}`)
  }

  const output = new Problems('output')
  const [last, most] = [new Uint32Array(truth.length), new Uint32Array(truth.length)]
  let results = 0
  await readRecords(left.client, left.output, ({ key, value }) => {
    results++
    const number = numberOf(key!)
    const count = Number(value!.readBigInt64BE())
    if (count > most[number]! + 1) output.add(`key ${number}: ${count} after ${most[number]}`)
    last[number] = count
    most[number] = Math.max(most[number]!, count)
  })
  output.compare(most, changelog)
  output.compare(last, changelog)

  const stores = new Problems('store')
  stores.compare(await storeCounts(left.directory!, truth.length, stores), changelog)
  return {
    problems: [...replayed.all, ...lost.all, ...output.all, ...stores.all],
    resultsTwice: results - sum(truth),
    countedTwice: sum(changelog) - sum(truth),
  }
}

function replayCheck(replays: readonly Replay[], problems: Problems): (record: ConsumedRecord) => void {
  const byPartition = Array.from({ length: PARTITIONS }, (_, of) => replays.filter(({ partition }) => partition === of))
  return ({ key, offset, timestamp }) => {
    const partition = partitionFor(key!, PARTITIONS)
    for (const { restart, startingOffset, records, inputTimestamp } of byPartition[partition]!) {
      if (offset < startingOffset || offset >= startingOffset + records || timestamp >= inputTimestamp) continue
      problems.add(`restart ${restart} read offset ${offset} of partition ${partition}, whose input was committed`)
    }
  }
}
