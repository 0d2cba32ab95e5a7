import { serdes } from '../../lib/serde/index.ts'
import { stores } from '../../stores/stores.ts'

const typed = { key: serdes.string(), value: serdes.long() }

/** Every kind, with the options that it cannot do without. */
const KINDS = {
  keyValue: typed,
  timestampedKeyValue: typed,
  window: { ...typed, retentionMs: 60_000, windowSizeMs: 10_000 },
  timestampedWindow: { ...typed, retentionMs: 60_000, windowSizeMs: 10_000 },
  session: { ...typed, retentionMs: 60_000 },
  versioned: { ...typed, historyRetentionMs: 60_000 },
}

type Kind = keyof typeof KINDS
const declare = (kind: Kind, name: string, options: object = {}) =>
  stores[kind](name, { ...KINDS[kind], ...options } as any)

function refusal(kind: Kind, name: string, options: object, option: string, says: string): void {
  expect(() => declare(kind, name, options)).toThrow(
    expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option }),
  )
  expect(() => declare(kind, name, options)).toThrow(says)
}

describe.each(Object.keys(KINDS) as Kind[])('stores.%s', (kind) => {
  it('is logged, persistent and not cached unless told otherwise', () => {
    expect(declare(kind, 'counts')).toMatchObject({
      name: 'counts',
      logging: true,
      caching: false,
      persistent: true,
      changelogConfigs: {},
    })
    const told = { logging: false, persistent: false, changelogConfigs: { 'segment.bytes': '1048576' } }
    expect(declare(kind, 'counts', told)).toMatchObject(told)
  })

  it.each<{ name?: string; options?: object; option: string; says: string }>([
    { name: '', option: 'name', says: "is '' for a store: 1 to 249 letters" },
    { name: 'a/b', option: 'name', says: "is 'a/b'" },
    { name: 'a'.repeat(250), option: 'name', says: '1 to 249' },
    { options: { key: undefined }, option: 'key', says: "of store 'counts' has to be a serde" },
    { options: { value: 'long' }, option: 'value', says: "of store 'counts' has to be a serde" },
    { options: { persistant: false }, option: 'persistant', says: 'these are: key, value, logging' },
    { options: { logging: 'yes' }, option: 'logging', says: "of store 'counts' has to be true or false" },
    { options: { logHeaders: 'yes' }, option: 'logHeaders', says: "has to be true, false or 'tombstones'" },
  ])('refuses $option: $says', ({ name = 'counts', options = {}, option, says }) => {
    refusal(kind, name, options, option, says)
  })
})

it.each([
  ['keyValue', 'key-value', undefined],
  ['timestampedKeyValue', 'timestamped-key-value', undefined],
  ['window', 'window', 60_000],
  ['timestampedWindow', 'timestamped-window', 60_000],
  ['session', 'session', 60_000],
  ['versioned', 'versioned', 60_000],
] as const)('stores.%s declares a store of kind %s that keeps %p ms', (kind, declared, retentionMs) => {
  expect(declare(kind, 'counts')).toMatchObject({ kind: declared })
  expect(declare(kind, 'counts').retentionMs).toBe(retentionMs)
})

describe.each<[Kind, string]>([
  ['window', 'retentionMs'],
  ['window', 'windowSizeMs'],
  ['timestampedWindow', 'retentionMs'],
  ['timestampedWindow', 'windowSizeMs'],
  ['session', 'retentionMs'],
  ['versioned', 'historyRetentionMs'],
])('stores.%s', (kind, option) => {
  it.each([undefined, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1000'])(`refuses ${option} %p`, (value) => {
    refusal(kind, 'counts', { [option]: value }, option, 'whole milliseconds from 0 to 9007199254740991')
  })
})

describe.each(['window', 'timestampedWindow'] as const)('stores.%s', (kind) => {
  it('refuses to forget windows before they end', () => {
    refusal(kind, 'counts', { retentionMs: 9_999 }, 'retentionMs', 'is 9999, less than its windowSizeMs 10000')
    expect(declare(kind, 'counts', { retentionMs: 10_000 })).toMatchObject({ retentionMs: 10_000 })
  })

  it('refuses to merge what it is to keep', () => {
    refusal(kind, 'counts', { retainDuplicates: true, caching: true }, 'caching', 'does not go with retainDuplicates')
  })
})

it('has no cache for versions', () => {
  refusal('versioned', 'counts', { caching: true }, 'caching', 'is not an option of store')
})
