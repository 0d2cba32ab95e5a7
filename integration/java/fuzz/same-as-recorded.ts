// Whether this machine's oracle says what the recorded one said.
import { isDeepStrictEqual } from 'node:util'
import { casesIn } from '../../../tests/golden/cases.ts'
import { comparableStores, recorded } from '../../../tests/golden/comparable.ts'
import type { GoldenCase, GoldenStore } from '../../../tests/golden/golden-case.ts'
import { topicForms } from '../../../tests/golden/topic-forms.ts'
import type { JavaOracle, OracleResults } from '../java-oracle.ts'

/** Runs every recorded random case again; returns how many there are, and what differs. */
export async function compareWithRecorded(
  java: JavaOracle,
): Promise<{ readonly count: number; differences: string[] }> {
  const cases = [...casesIn()].filter(({ topology }) => topology !== undefined)
  const differences: string[] = []
  await Promise.all(
    cases.map(async (expected) => {
      const { topology, ...others } = expected
      const results = await java.run({ ...others, topology: topology! })
      const difference = 'rejected' in results ? `rejected: ${results.rejected}` : different(expected, results)
      if (difference !== undefined) differences.push(`${expected.name}: ${difference}`)
    }),
  )
  return { count: cases.length, differences }
}

function different(expected: GoldenCase, results: OracleResults): string | undefined {
  if (results.failsAt !== undefined) return `fails at ${results.failsAt}`
  if (results.topologyDescription !== expected.topologyDescription) return 'the description'
  for (const topic of new Set([...Object.keys(expected.outputs), ...Object.keys(results.outputs)])) {
    const form = topicForms(expected, topic)
    const [was, is] = [expected, results].map(({ outputs }) => form((outputs[topic] ?? []).map(recorded)))
    if (!isDeepStrictEqual(was, is)) return `topic ${topic}`
  }
  for (const store of new Set([...Object.keys(expected.stores), ...Object.keys(results.stores)])) {
    const [was, is] = [expected, results].map(({ stores }) => stores[store])
    if (was === undefined || is === undefined) return `store ${store}: only one of both has it`
    if (!isSameKind(was, is)) return `store ${store}: ${was.kind}, ${is.kind}`
    if (!isDeepStrictEqual(comparableStores(was.entries), comparableStores(is.entries))) {
      return `store ${store}: ${JSON.stringify(was.entries[0])}, ${JSON.stringify(is.entries[0])}`
    }
  }
  return undefined
}

/** Some stores of the DSL are read with times and headers that they do not keep: random cases were recorded with the kind that they stand for. */
const READ_AS: Readonly<Record<string, string>> = {
  timestampedWindowWithHeaders: 'window',
  timestampedKeyValueWithHeaders: 'keyValue',
}

function isSameKind(was: GoldenStore, is: GoldenStore): boolean {
  return was.persistent === is.persistent && (was.kind === is.kind || was.kind === READ_AS[is.kind])
}
