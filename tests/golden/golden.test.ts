// The runtime against Java Kafka Streams 4.3.1, record for record: see README.md.
import { goldenNames, goldenTopology } from './cases.ts'
import { recorded, sorted } from './comparable.ts'
import { goldenCase } from './golden-case.ts'
import { runGolden } from './golden-run.ts'

describe.each(['exactly_once', 'at_least_once'] as const)('as Java does, %s', (guarantee) => {
  it.each(goldenNames)('%s', async (name) => {
    const expected = goldenCase(name)
    const { outputs, stores } = await runGolden(expected, goldenTopology(name), guarantee)

    expect(Object.keys(outputs).sort()).toEqual(Object.keys(expected.outputs).sort())
    for (const [topic, records] of Object.entries(expected.outputs)) {
      expect({ topic, records: outputs[topic] }).toEqual({ topic, records: records.map(recorded) })
    }
    expect(Object.keys(stores).sort()).toEqual(Object.keys(expected.stores).sort())
    for (const [store, { entries }] of Object.entries(expected.stores)) {
      const plainEntries = entries.map(({ key, value }) => ({ key, value }))
      expect({ store, entries: sorted(stores[store]!) }).toEqual({ store, entries: sorted(plainEntries) })
    }
  })
})
