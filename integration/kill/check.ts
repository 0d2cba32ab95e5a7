// What the application must have left behind, whatever was done to it, if each record counts exactly once.
import { readRecords } from '../../bench/topics.ts'
import { changelogCounts, type LeftBehind, storeCounts } from './left-behind.ts'
import { numberOf } from './load.ts'
import { Problems } from './problems.ts'

/**
 * Compares output (as readers of committed transactions see it), changelog and stores with the truth.
 *
 * @param eachCount - Each count of each key must be in the output once, in order; else some may be left out, and none may come again.
 */
export async function exactlyOnceProblems(
  left: LeftBehind,
  truth: Uint32Array,
  eachCount: boolean,
): Promise<readonly string[]> {
  const output = new Problems('output')
  const last = new Uint32Array(truth.length)
  await readRecords(left.client, left.output, ({ key, value }) => {
    const number = numberOf(key!)
    const count = Number(value!.readBigInt64BE())
    const before = last[number]!
    if (eachCount ? count !== before + 1 : count <= before) output.add(`key ${number}: ${count} after ${before}`)
    last[number] = count
  })
  output.compare(last, truth)

  const changelog = new Problems('changelog')
  changelog.compare(await changelogCounts(left, truth.length), truth)

  const stores = new Problems('store')
  if (left.directory !== undefined) stores.compare(await storeCounts(left.directory, truth.length, stores), truth)
  return [...output.all, ...changelog.all, ...stores.all]
}
