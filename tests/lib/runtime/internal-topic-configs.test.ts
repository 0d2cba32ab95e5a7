import { changelogConfigs, isPurged, repartitionConfigs } from '../../../lib/runtime/internal-topic-configs.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { StoreBuilder } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'

const MIB = 1_048_576
const settings = { maxRequestBytes: MIB, changelogRetention: 'expired' } as const
const strings = { key: serdes.string(), value: serdes.string() }
const hour = { ...strings, retentionMs: 3_600_000, windowSizeMs: 60_000 }
const anyTimestamp = {
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.after.max.ms': '9223372036854775807',
}

describe('the settings of a changelog', () => {
  it.each<{ what: string; store: StoreBuilder; ours: object; java: object }>([
    {
      what: 'keys and values',
      store: stores.keyValue('s', strings),
      ours: { 'cleanup.policy': 'compact' },
      java: { 'cleanup.policy': 'compact' },
    },
    {
      what: 'windows',
      store: stores.timestampedWindow('s', hour),
      ours: { 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' },
      java: { 'cleanup.policy': 'compact,delete', 'retention.ms': '90000000' },
    },
    {
      what: 'sessions',
      store: stores.session('s', { ...strings, retentionMs: 3_600_000 }),
      ours: { 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' },
      java: { 'cleanup.policy': 'compact,delete', 'retention.ms': '90000000' },
    },
    {
      what: 'windows that are kept for ever',
      store: stores.window('s', { ...hour, retentionMs: Number.MAX_SAFE_INTEGER }),
      ours: { 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' },
      java: { 'cleanup.policy': 'compact,delete', 'retention.ms': '9223372036854775807' },
    },
    {
      what: 'versions',
      store: stores.versioned('s', { ...strings, historyRetentionMs: 3_600_000 }),
      ours: { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': '90000000' },
      java: { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': '90000000' },
    },
  ])('of $what', ({ store, ours, java }) => {
    expect(changelogConfigs(store, settings)).toEqual({ ...anyTimestamp, ...ours })
    expect(changelogConfigs(store, { ...settings, changelogRetention: 'java' })).toEqual({ ...anyTimestamp, ...java })
  })

  it('are the user’s where given', () => {
    const store = stores.window('s', { ...hour, changelogConfigs: { 'retention.ms': '5', 'segment.ms': '7' } })

    expect(changelogConfigs(store, settings)).toMatchObject({
      'cleanup.policy': 'compact,delete',
      'retention.ms': '5',
      'segment.ms': '7',
    })
  })
})

it.each<[purged: boolean, store: StoreBuilder, retention: 'expired' | 'java']>([
  [true, stores.window('s', hour), 'expired'],
  [false, stores.window('s', hour), 'java'],
  [false, stores.keyValue('s', strings), 'expired'],
  [false, stores.versioned('s', { ...strings, historyRetentionMs: 1 }), 'expired'],
  [false, stores.window('s', { ...hour, changelogConfigs: { 'cleanup.policy': 'compact' } }), 'expired'],
  [true, stores.window('s', { ...hour, changelogConfigs: { 'cleanup.policy': 'delete' } }), 'expired'],
])('is cleared by us: %s', (purged, store, changelogRetention) => {
  expect(isPurged(store, { ...settings, changelogRetention })).toBe(purged)
})

describe('the largest record', () => {
  const sizeOf = (maxRequestBytes: number) => ({
    changelog: changelogConfigs(stores.keyValue('s', strings), { ...settings, maxRequestBytes })['max.message.bytes'],
    repartition: repartitionConfigs({ ...settings, maxRequestBytes })['max.message.bytes'],
  })

  it('is the brokers’ up to 1 MiB', () => {
    expect(sizeOf(MIB)).toEqual({ changelog: undefined, repartition: undefined })
    expect(sizeOf(1024)).toEqual({ changelog: undefined, repartition: undefined })
  })

  it('is what is written, and a little for what does not compress, above', () => {
    expect(sizeOf(10 * MIB)).toEqual({ changelog: '10590618', repartition: '10590618' })
    expect(Number(sizeOf(MIB + 1).changelog)).toBeGreaterThan(MIB)
  })

  it('fits into a segment', () => {
    const configs = repartitionConfigs({ ...settings, maxRequestBytes: 100 * MIB })

    expect(Number(configs['segment.bytes'])).toBeGreaterThanOrEqual(Number(configs['max.message.bytes']))
    expect(repartitionConfigs(settings)['segment.bytes']).toBe('52428800')
  })
})
