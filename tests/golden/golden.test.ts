// Java Kafka Streams 4.3.1, record for record: see README.md. A sample; `npm run test:golden` runs all cases.
import { applicationTopology, casesIn, hasTopology, topologyOf } from './cases.ts'
import { comparableStores, recorded } from './comparable.ts'
import { difference } from './difference.ts'
import { runInDriver } from './driver-run.ts'
import { runGolden } from './golden-run.ts'
import { topicForms } from './topic-forms.ts'

const all = [...casesIn()]
const named = (names: ReadonlySet<string>) => all.filter(({ name }) => names.has(name))

/** Every fifth case: each is independent of the others. */
const sample = all.filter((each, i) => i % 5 === 0 && hasTopology(each))

describe('as Java does, in the test driver', () => {
  it.each(sample.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const topology = topologyOf(each)
    const description = topology.describe()

    expect(difference(each, description, await runInDriver(each, topology))).toBeUndefined()
  })
})

/** Cases that also run as applications: through a group, commit intervals and transactions. */
const applications = named(
  new Set([
    'agg-aggregate-returns-null',
    'agg-count-groupby-repartition',
    'agg-reduce',
    'agg-two-aggregations-one-rekey',
    'cogroup-sliding-rekeyed',
    'custom-windows-overlapping',
    'custom-windows-shifted',
    'custom-windows-suppress',
    'error-deserialization-dlq',
    'error-processing-continue-dlq',
    'fk-join-inner-many',
    'fk-join-key-extractor',
    'fk-join-left',
    'global-join-inner',
    'global-store-processor',
    'headers-through-repartition',
    'optimise-merge-repartition',
    'papi-kv-range-prefix',
    'papi-punctuate-cancel-and-both',
    'papi-punctuate-wall-clock',
    'papi-raw-topology',
    'random-0012',
    'random-0032',
    'random-0238',
    'ss-join-outer',
    'ss-join-rekeyed',
    'ss-join-three-way',
    'ss-self-join-optimised',
    'stateless-dynamic-topic',
    'stateless-merge',
    'stateless-repartition-named',
    'st-join-rekeyed-many',
    'st-join-versioned-grace',
    'st-leftjoin-versioned',
    'suppress-then-table-groupby',
    'suppress-time-limit-max-records',
    'suppress-window-close-session',
    'table-versioned-filter-groupby',
    'timestamps-out-of-order',
    'topology-multi-subtopology',
    'tt-join-outer',
    'tt-join-versioned',
    'window-hopping-on-close',
    'window-session-many',
    'window-sliding-aggregate-ooo',
    'wordcount',
  ]),
)

describe.each(['exactly_once', 'at_least_once'] as const)('as Java does, as an application, %s', (guarantee) => {
  it.each(applications.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const { outputs, stores } = await runGolden(each, applicationTopology(each), guarantee)

    expect(Object.keys(outputs).sort()).toEqual(Object.keys(each.outputs).sort())
    for (const [topic, records] of Object.entries(each.outputs)) {
      const form = topicForms(each, topic)
      expect({ topic, records: form(outputs[topic]!) }).toEqual({ topic, records: form(records.map(recorded)) })
    }
    expect(Object.keys(stores).sort()).toEqual(Object.keys(each.stores).sort())
    for (const [store, { entries }] of Object.entries(each.stores)) {
      expect({ store, entries: comparableStores(stores[store]!) }).toEqual({
        store,
        entries: comparableStores(entries),
      })
    }
  })
})
