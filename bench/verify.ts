// What a run wrote is what its input says that it must be.
import type { Client } from '../lib/client/client.ts'
import { type Contents, readTopic } from './topics.ts'
import { accepts, type Case, foreignKeyOf, WINDOWS_PER_RECORD, withLength } from './topologies.ts'

export interface FinishedRun {
  readonly name: Case
  readonly input: string
  readonly output: string
  readonly records: number
  readonly wordsOut: number
}

/**
 * @returns How many records are in the output.
 * @throws Error saying what is wrong with it.
 */
export async function verify(client: Client, run: FinishedRun): Promise<number> {
  const written = await readTopic(client, run.output)
  if (run.name === 'pipe' || run.name === 'join') expectRecords(written, run.records)
  else if (run.name === 'filter') {
    expectRecords(written, (await readTopic(client, run.input, (value) => accepts(value.toString()))).records)
  } else if (run.name === 'table-join') {
    expectJoined(written, await readTopic(client, run.input), (key) => key)
  } else if (run.name === 'fk-join') {
    expectJoined(written, await readTopic(client, run.input), (_, line) => foreignKeyOf(line))
  } else expectCounts(written, run)
  return written.records
}

function expectRecords({ records }: Contents, expected: number): void {
  if (records !== expected) throw new Error(`${records} records in the output, not ${expected}`)
}

/** The counts of all keys, or of all keys and windows, come to a sum that is known. */
function expectCounts({ latest }: Contents, { name, records, wordsOut }: FinishedRun): void {
  const counted = [...latest.values()].reduce((sum, count) => sum + Number(count.readBigInt64BE(0)), 0)
  const expected = name === 'wordcount' ? wordsOut : name === 'hopping' ? WINDOWS_PER_RECORD * records : records
  if (counted !== expected) throw new Error(`the counts add up to ${counted}, not ${expected}`)
}

/** Each key's last line, with the length of that of the key that it is joined with. */
function expectJoined(written: Contents, input: Contents, keyOf: (key: string, line: string) => string): void {
  const lines = new Map([...input.latest].map(([key, line]) => [key, line.toString()]))
  let expected = 0
  for (const [key, line] of lines) {
    const other = lines.get(keyOf(key, line))
    const result = other === undefined ? undefined : withLength(line, other.length)
    const found = written.latest.get(key)?.toString()
    if (found !== result) throw new Error(`${key} is '${found}', not '${result}'`)
    if (result !== undefined) expected++
  }
  if (written.latest.size !== expected) throw new Error(`${written.latest.size} keys in the output, not ${expected}`)
}
