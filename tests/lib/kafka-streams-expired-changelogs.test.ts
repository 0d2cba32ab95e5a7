// Changelogs of windows and sessions are cleared of what has expired, and of nothing else: whatever a store holds, another one restored from its changelog holds, too.
import type { MemoryCluster } from '../../lib/client/memory/index.ts'
import type { ProcessingGuarantee, StreamsConfig } from '../../lib/runtime/config.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import { type PlainRecord, TestApp } from '../support/test-app.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const MINUTE_MS = 60_000
// Long ago: brokers that delete by the time of a record would leave nothing.
const START_MS = 1_000_000 * MINUTE_MS

/** Counts by key and ten seconds, kept for three minutes: two to three segments, each a minute and a half. */
function tumblingCounts(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .groupByKey(strings)
    .windowedBy(windows.tumbling({ sizeMs: 10_000, graceMs: 165_000 }))
    .count({ store: 'kept', retentionMs: 3 * MINUTE_MS })
    .toStream()
    .map((count, { key, window }) => [`${key}@${window.startMs}`, String(count)], strings)
    .to('out')
  return builder.build()
}

/** Counts by key and session, a second between two. */
function sessionCounts(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .groupByKey(strings)
    .windowedBy(windows.session({ inactivityGapMs: 15_000, graceMs: 165_000 }))
    .count({ store: 'kept', retentionMs: 3 * MINUTE_MS })
    .toStream()
    .map((count, { key, window }) => [`${key}@${window.startMs}-${window.endMs}`, String(count ?? 0)], strings)
    .to('out')
  return builder.build()
}

/** Records of five keys, a second apart, every seventh so late that it just still counts. */
function records(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const late = n % 7 === 0 ? 160_000 : 0
    return { key: `k${(n * 3) % 5}`, value: '', timestamp: START_MS + Math.max(0, n * 1_000 - late) }
  })
}

const changelog = 'app-kept-changelog'
const startOf = (cluster: MemoryCluster) => cluster.partition(changelog, 0).logStartOffset
const endOf = (cluster: MemoryCluster) => cluster.partition(changelog, 0).logEndOffset

/** What everything comes to in one go, nothing purged, nothing restored. */
async function outputOf(topology: Topology, input: readonly PlainRecord[]): Promise<unknown> {
  const app = new TestApp({ cacheBytes: 0 }).topics({ in: 1, out: 1 })
  try {
    await app.start(topology)
    await app.produce('in', ...input)
    await app.caughtUp('in')
    return app.read('out')
  } finally {
    await app.close()
  }
}

describe.each<{ name: string; topology: () => Topology; guarantee: ProcessingGuarantee }>([
  { name: 'windows', topology: tumblingCounts, guarantee: 'exactly_once' },
  { name: 'windows', topology: tumblingCounts, guarantee: 'at_least_once' },
  { name: 'sessions', topology: sessionCounts, guarantee: 'exactly_once' },
])('the changelog of $name, $guarantee', ({ topology, guarantee }) => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp({
      processingGuarantee: guarantee,
      commitIntervalMs: 10,
      cacheBytes: 0,
      repartitionPurgeIntervalMs: 20,
    }).topics({ in: 1, out: 1 })
  })
  afterEach(() => app.close())

  /** In steps with commits between, as time goes by. */
  async function count(from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += 50) {
      await app.produce('in', ...records(at, Math.min(at + 50, to)))
      await app.caughtUp('in')
    }
  }

  it('loses what has expired, and a store restored from the rest goes on as the one that was lost', async () => {
    const first = await app.start(topology())
    await count(0, 600)
    // Ten minutes have passed, of which three to four and a half are kept.
    await until('what has expired was purged', () => startOf(app.cluster) > 0.4 * endOf(app.cluster))
    await first.close()
    const second = await app.start(topology(), 'empty disk')
    expect(second.restored).toMatchObject([{ store: 'kept' }])
    await count(600, 800)

    expect(second.logged('emptied')).toBeUndefined()
    expect(app.read('out')).toEqual(await outputOf(topology(), records(0, 800)))
  })

  it('goes on losing what expires after a restart on the same disk, and no more than that', async () => {
    const first = await app.start(topology())
    await count(0, 300)
    await first.close()
    const purgedBefore = startOf(app.cluster)
    // Its older segments were logged in another life.
    const second = await app.start(topology())
    await count(300, 420)
    await until('it was purged further', () => startOf(app.cluster) > purgedBefore)
    await second.close()
    expect(second.restored[0]!.records).toBe(0)
    await app.start(topology(), 'empty disk')
    await count(420, 600)

    expect(app.read('out')).toEqual(await outputOf(topology(), records(0, 600)))
  })
})

describe('nothing is deleted by us', () => {
  const rekeyed = () => {
    const builder = new StreamsBuilder()
    return { builder, grouped: builder.stream('in', strings).groupBy((_, key) => key, strings) }
  }
  it.each<{ what: string; settings: Partial<StreamsConfig>; topology: () => Topology; configs: object }>([
    {
      what: 'of windows with changelogRetention: java',
      settings: { changelogRetention: 'java' },
      topology: () => {
        const { builder, grouped } = rekeyed()
        const tumbling = windows.tumbling({ sizeMs: 10_000, graceMs: 0 })
        grouped.windowedBy(tumbling).count({ store: 'kept', retentionMs: 3 * MINUTE_MS })
        return builder.build()
      },
      configs: { 'cleanup.policy': 'compact,delete', 'retention.ms': String(86_400_000 + 3 * MINUTE_MS) },
    },
    {
      what: 'of keys and values',
      settings: {},
      topology: () => {
        const { builder, grouped } = rekeyed()
        grouped.count({ store: 'kept' })
        return builder.build()
      },
      configs: { 'cleanup.policy': 'compact' },
    },
  ])('$what', async ({ settings, topology, configs }) => {
    const app = new TestApp({ ...settings, repartitionPurgeIntervalMs: 20, cacheBytes: 0 }).topics({ in: 1 })
    try {
      const purged: string[] = []
      app.cluster.intercept(({ api, request }) => {
        if (api === 'deleteRecords') purged.push(...(request as DeleteRecordsRequest).topics.map(({ name }) => name))
        return undefined
      })
      await app.start(topology())
      // Each round of the purger finds something to do in the repartition topic.
      for (let at = 0; purged.length < 3; at += 400) {
        const rounds = purged.length
        await app.produce('in', ...records(at, at + 400))
        await app.caughtUp('in', 'app-kept-repartition')
        await until('the purger has come round', () => purged.length > rounds)
      }

      expect(new Set(purged)).toEqual(new Set(['app-kept-repartition']))
      expect(startOf(app.cluster)).toBe(0)
      expect(await configsOf(app)).toMatchObject(configs)
    } finally {
      await app.close()
    }
  })
})

interface DeleteRecordsRequest {
  readonly topics: readonly { readonly name: string }[]
}

async function configsOf(app: TestApp): Promise<Readonly<Record<string, string | null>>> {
  const wire = app.cluster.open('admin')
  try {
    const resources = [{ resourceType: 2, resourceName: changelog, configurationKeys: null }]
    const { results } = await wire.send('any', 'describeConfigs', { resources, includeSynonyms: false })
    return Object.fromEntries(results[0]!.configs.map(({ name, value }) => [name, value]))
  } finally {
    await wire.close()
  }
}
