import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import type { KeyValueStore, TimestampedKeyValueStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import { windows } from '../../../topology/windows.ts'
import { built, L, S, strings } from './built.ts'

const counts = { store: 'counts', key: S, value: L }
const windowed = (sizeMs: number) => ({ key: serdes.timeWindowed(S, sizeMs), value: L })
const at = (left: string, right: string) => `${left}@${right}`
const first = (v: string) => v.slice(0, 1)

export const mixed = built({
  'agg-downstream-table-ops': (b) =>
    b
      .stream('input', strings)
      .groupByKey()
      .count(counts)
      .filter((n) => n % 2 === 0)
      .mapValues((n) => `n=${n}`, { value: S })
      .toStream()
      .to('output'),
  'headers-through-repartition': (b) => {
    b.stream('input', strings)
      .selectKey(first, { key: S })
      .groupByKey({ name: 'grouped' })
      .count(counts)
      .toStream()
      .to('output')
    b.table('orders', strings)
      .joinOnForeignKey(b.table('customers', strings), (v) => v.slice(0, v.indexOf('|')), at, {
        name: 'fkj',
        store: true,
        ...strings,
      })
      .toStream()
      .to('output2')
  },
  'page-view-enrichment': (b) => {
    const users = b.table('users', strings)
    b.stream('views', strings)
      .leftJoin(users, (page, region) => `${region ?? '?'}|${page}`, { value: S })
      .map((v) => [v.slice(0, v.indexOf('|')), v.slice(v.indexOf('|') + 1)], strings)
      .groupByKey({ name: 'regions' })
      .windowedBy(windows.hopping({ sizeMs: 100, advanceMs: 20, graceMs: 50 }))
      .count(counts)
      .toStream()
      .selectKey((_, { key, window }) => `${key}@${window.startMs}`, { key: S })
      .to('output')
  },
  'papi-processvalues-store': (b) => {
    b.addStateStore(stores.timestampedKeyValue('seen', { key: S, value: L }))
    b.stream('input', strings)
      .processValues<string>({
        stores: ['seen'],
        value: S,
        create: (context) => {
          const seen = context.store<TimestampedKeyValueStore<string, number>>('seen')
          return {
            process(record) {
              const old = seen.get(record.key)
              const n = (old?.value ?? 0) + 1
              seen.put(record.key, { value: n, timestamp: Math.max(record.timestamp, old?.timestamp ?? 0) })
              const headers = [...record.headers, ['n', Buffer.from(`${n}`)] as const]
              return context.forward(record.withValue(`${record.value}#${n}`).withHeaders(headers))
            },
          }
        },
      })
      .to('output')
  },
  'stateless-multi-topic-source': (b) => {
    const many = b.stream(['input', 'input2'], strings)
    many.merge(b.stream(/pat-.*/, strings)).to('output', strings)
  },
  'stateless-split-consumers': (b) => {
    const { first: upper } = b.stream('input', strings).split({
      first: {
        when: (v) => v.startsWith('a'),
        chain: (branch) => branch.mapValues((v) => v.toUpperCase(), { value: S }),
      },
      second: { when: (v) => v.startsWith('b'), chain: (branch) => branch.to('output2') },
    })
    upper.to('output')
  },
  'stateless-split-default': (b) => {
    const { big, vowel, rest } = b.stream<string, string | null>('input', { key: S, value: S as Serde<any> }).split(
      {
        big: { when: (v) => v !== null && v.length > 5, name: 'big-branch' },
        vowel: { when: (v) => v !== null && v !== '' && 'aeiou'.includes(v[0]!), name: 'vowel' },
        rest: { when: 'default', name: 'rest' },
      },
      { name: 'split-' },
    )
    big.to('big')
    vowel.to('output')
    rest.to('other')
  },
  'stateless-totable-after-selectkey': (b) =>
    b
      .stream('input', strings)
      .selectKey(first, { key: S })
      .toTable({ store: true, ...strings })
      .toStream()
      .to('output'),
  'stateless-totable': (b) =>
    b
      .stream('input', strings)
      .toTable({ store: 'store', ...strings })
      .toStream()
      .to('output'),
  'store-format-headers': (b) => {
    const grouped = b.stream('input', strings).groupByKey()
    grouped.count(counts).toStream().to('output')
    b.table('table', { ...strings, store: 'store' })
      .toStream()
      .to('output2')
    grouped
      .windowedBy(windows.tumbling({ sizeMs: 10 }))
      .count({ store: 'windowed', key: S, value: L })
      .toStream()
      .to('output3', windowed(10))
    grouped
      .windowedBy(windows.session({ inactivityGapMs: 10 }))
      .count({ store: 'sessions', key: S, value: L })
      .toStream()
      .to('out-sessions', { key: serdes.sessionWindowed(S), value: L })
  },
  'timestamp-extractor': (b) =>
    b
      .stream('input', {
        ...strings,
        timestamp: ({ value }, partitionTimeMs) =>
          value.includes('@') ? Number(value.slice(value.indexOf('@') + 1)) : partitionTimeMs + 1,
      })
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 10 }))
      .count({ store: 'windowed', key: S, value: L })
      .toStream()
      .to('output', windowed(10)),
  'timestamps-out-of-order': (b) => {
    const input = b.stream('input', strings)
    input.flatMapValues((v) => [v, v], { value: S }).to('output')
    input
      .groupByKey()
      .count(counts)
      .toStream()
      .selectKey(() => 'all', { key: S })
      .groupByKey({ name: 'grouped', value: L })
      .reduce((sum, n) => sum + n, { store: 'sums', key: S, value: L })
      .toStream()
      .to('output2')
    input
      .map((v) => ['k0', v], strings)
      .join(b.table('table', strings), at, { value: S })
      .to('output3')
  },
  'topology-auto-names': (b) => {
    const a = b
      .stream('input', strings)
      .filter((v) => v !== null)
      .mapValues((v) => `${v}1`, { value: S })
      .selectKey(first, { key: S })
      .peek(() => undefined)
      .flatMapValues((v) => [v, v], { value: S })
      .repartition()
      .groupByKey()
      .count()
      .filter((n) => n % 2 === 0)
      .mapValues((n) => `n${n}`, { value: S })
      .toStream()
      .filter((v) => v !== null)
    const { fours, others } = a
      .merge(b.stream('input2', strings))
      .split({ fours: (v) => v.endsWith('4'), others: 'default' })
    fours.to('output', strings)
    others.to('output2', strings)
    b.table('left', strings)
      .outerJoin(b.table('right', strings), (x, y) => `${x}${y}`, { value: S })
      .toStream()
      .to('output3')
  },
  'topology-diamond-description': (b) => {
    b.addStateStore(stores.keyValue('side', { ...strings, persistent: false }))
    const input = b.stream('input', strings)
    const x = input.filter((v) => v < 'm').mapValues((v) => `A${v}`, { value: S })
    const y = input.filter((v) => v >= 'k').mapValues((v) => `B${v}`, { value: S })
    const merged = y.merge(x)
    merged.groupByKey().count(counts).toStream().to('output')
    merged
      .processValues<string>({
        stores: ['side'],
        value: S,
        create: (context) => {
          const side = context.store<KeyValueStore<string, string>>('side')
          return {
            process(record) {
              const old = side.get(record.key) ?? null
              side.put(record.key, record.value)
              return context.forward(record.withValue(`${old}>${record.value}`))
            },
          }
        },
      })
      .to('output2')
  },
  'topology-multi-subtopology': (b) => {
    b.stream('input', strings)
      .groupBy((v) => v, { key: S })
      .count(counts)
      .toStream()
      .to('output')
    b.stream('input2', strings)
      .repartition({ name: 'rp' })
      .groupByKey()
      .reduce((x, y) => (x.length > 4 ? y : x + y), { store: 'reduced', ...strings })
      .toStream()
      .selectKey((v) => `${v.length}`, { key: S })
      .groupByKey()
      .count({ store: 'sums', key: S, value: L })
      .toStream()
      .to('output2')
    b.stream('orders', strings)
      .join(b.globalTable('global', strings), (v) => v, at, { value: S })
      .to('output3')
  },
  'topology-named-operators': (b) => {
    const a = b
      .stream('input', { ...strings, name: 'src' })
      .filter((v) => v !== null, { name: 'flt' })
      .mapValues((v) => v.trim(), { name: 'mv', value: S })
    a.selectKey(first, { name: 'sk', key: S })
      .groupByKey({ name: 'gr' })
      .count({ ...counts, name: 'cnt' })
      .filter((n) => n > 1, { name: 'tf' })
      .toStream({ name: 'ts' })
      .to('output', { name: 'snk' })
    a.join(b.table('table', { ...strings, name: 'tsrc' }), at, { name: 'jn', value: S }).to('output2', { name: 'snk2' })
  },
  'table-groupby-aggregate-many': (b) =>
    b
      .table('table', strings)
      .groupBy(split, strings)
      .aggregate(
        () => '',
        (all, v) => `${cap(all)}+${v}`,
        (all, v) => `${cap(all)}-${v}`,
        { store: 'agg', ...strings },
      )
      .toStream()
      .to('output'),
  'table-groupby-aggregate-null': (b) =>
    b
      .table('table', strings)
      .groupBy(splitNumber, { key: S, value: L })
      .aggregate(
        () => 0,
        (sum, v) => sum + v,
        (sum, v) => (sum === v ? null : sum - v),
        { store: 'agg', key: S, value: L },
      )
      .toStream()
      .to('output'),
  'table-groupby-count': (b) =>
    b
      .table('table', strings)
      .groupBy((v) => [v, v], { name: 'grouped', ...strings })
      .count(counts)
      .toStream()
      .to('output'),
  'table-groupby-reduce': (b) =>
    b
      .table('table', strings)
      .groupBy(splitNumber, { key: S, value: L })
      .reduce(
        (sum, v) => sum + v,
        (sum, v) => sum - v,
        { store: 'reduced', key: S, value: L },
      )
      .toStream()
      .to('output'),
  'table-groupby-same-key-order': (b) =>
    b
      .table('table', strings)
      .groupBy((v, k) => [v, k], strings)
      .aggregate(
        () => '',
        (all, v) => members(all, (set) => set.add(v)),
        (all, v) => members(all, (set) => set.delete(v)),
        { store: 'agg', ...strings },
      )
      .toStream()
      .to('output'),
  'table-transformvalues': (b) => {
    b.addStateStore(stores.keyValue('calls', { key: S, value: L }))
    b.table('table', strings)
      .transformValues<string>({
        stores: ['calls'],
        store: 'mapped',
        ...strings,
        create: (context) => {
          const calls = context.store<KeyValueStore<string, number>>('calls')
          return {
            transform(v, k) {
              if (v === null) return null
              const n = (calls.get(k) ?? 0) + 1
              calls.put(k, n)
              return `${v}~${n}`
            },
          }
        },
      })
      .toStream()
      .to('output')
  },
})

const cap = (text: string) => text.slice(-40)

function split(v: string): [string, string] {
  return [v.slice(0, v.indexOf('|')), v.slice(v.indexOf('|') + 1)]
}

function splitNumber(v: string): [string, number] {
  const [key, number] = split(v)
  return [key, Number(number)]
}

/** A sorted set as text. */
function members(all: string, change: (set: Set<string>) => void): string {
  const set = new Set(all.split(',').filter((member) => member !== ''))
  change(set)
  return [...set].sort().join(',')
}
