// What differs between what was recorded and what was produced, in words.
import { isDeepStrictEqual } from 'node:util'
import { comparableStores, recorded } from './comparable.ts'
import type { GoldenResult } from './driver-run.ts'
import type { GoldenCase } from './golden-case.ts'
import { topicForms } from './topic-forms.ts'

const SHOWN = 1_500

/** Undefined: nothing differs. */
export function difference(expected: GoldenCase, description: string, result: GoldenResult): string | undefined {
  if (description !== expected.topologyDescription) {
    return different('describe()', expected.topologyDescription.split('\n'), description.split('\n'))
  }
  const topics = new Set([...Object.keys(expected.outputs), ...Object.keys(result.outputs)])
  for (const topic of [...topics].sort()) {
    const form = topicForms(expected, topic)
    const [wanted, got] = [(expected.outputs[topic] ?? []).map(recorded), result.outputs[topic] ?? []].map(form)
    if (!isDeepStrictEqual(got, wanted)) return different(`topic '${topic}'`, wanted!, got!)
  }
  if (result.failed === false) return `step ${expected.failsAt} fails in Java, and here it does not`
  for (const [store, { entries }] of Object.entries(expected.stores)) {
    const got = result.stores[store]
    if (got === undefined) return `store '${store}' does not exist`
    const [wanted, found] = [comparableStores(entries), comparableStores(got)]
    if (!isDeepStrictEqual(found, wanted)) return different(`store '${store}'`, wanted, found)
  }
  return undefined
}

/** The first place where two lists differ. */
function different(what: string, wanted: readonly unknown[], got: readonly unknown[]): string {
  const at = wanted.findIndex((each, index) => !isDeepStrictEqual(each, got[index]))
  const index = at === -1 ? wanted.length : at
  const show = (each: unknown) => (each === undefined ? 'nothing' : JSON.stringify(each)).slice(0, SHOWN)
  return (
    `${what} differs at ${index} (of ${wanted.length} recorded, ${got.length} produced)\n` +
    `    Java:     ${show(wanted[index])}\n    Millrace: ${show(got[index])}`
  )
}
