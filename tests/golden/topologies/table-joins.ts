import { built, L, S, strings } from './built.ts'

const plus = (left: string | null, right: string | null) => `${left}+${right}`
const at = (left: string, right: string | null) => `${left}@${right}`
const foreignKey = (value: string) => value.slice(0, value.indexOf('|'))
const payload = (value: string) => value.slice(value.indexOf('|') + 1)
const versioned = (store: string, historyRetentionMs: number) => ({
  ...strings,
  store,
  versioned: { historyRetentionMs },
})

export const tableJoins = built({
  'tt-join-inner': (b) =>
    b
      .table('left', strings)
      .join(b.table('right', strings), plus, { ...strings, store: 'joined' })
      .toStream()
      .to('output'),
  'tt-join-left-many': (b) =>
    b.table('left', strings).leftJoin(b.table('right', strings), plus).toStream().to('output', strings),
  'tt-join-outer-many': (b) =>
    b.table('left', strings).outerJoin(b.table('right', strings), plus).toStream().to('output', strings),
  'tt-join-outer': (b) =>
    b
      .table('left', strings)
      .outerJoin(b.table('right', strings), plus, { ...strings, name: 'full', store: 'joined' })
      .toStream()
      .to('output'),
  'tt-join-chain-filter': (b) => {
    const left = b.table('left', strings).filter((v) => v.length > 2)
    const right = b.table('right', strings).mapValues((v) => v.toUpperCase())
    left
      .join(right, plus)
      .leftJoin(b.table('table', strings), (x, y) => `${x},${y}`)
      .toStream()
      .to('output', strings)
  },
  'tt-join-versioned': (b) =>
    b
      .table('left', versioned('left-hist', 100))
      .join(b.table('right', versioned('right-hist', 100)), plus)
      .toStream()
      .to('output', strings),
  'st-join-inner': (b) => {
    const table = b.table('table', strings)
    b.stream('input', strings).join(table, at, { key: S, left: S, right: S }).to('output', strings)
  },
  'st-join-left': (b) => {
    const table = b.table('table', { ...strings, store: 'store' })
    b.stream('input', strings)
      .leftJoin(table, (s, t, k) => `${k}:${s}@${t}`, { name: 'lookup', key: S, left: S, right: S })
      .to('output', strings)
  },
  'st-join-rekeyed-many': (b) => {
    const table = b.table('table', strings)
    b.stream('input', strings)
      .selectKey((v) => foreignKey(v), { key: S })
      .join(table, (s, t) => `${payload(s)}@${t}`, { name: 'enrich', key: S, left: S, right: S })
      .to('output', strings)
  },
  'st-leftjoin-rekeyed-null': (b) => {
    const table = b.table('table', strings)
    b.stream('input', strings)
      .selectKey((v) => (v.startsWith('-') ? null : foreignKey(v)), { key: S as any })
      .leftJoin(table as any, at as any, { name: 'enrich', key: S, left: S, right: S })
      .to('output', strings)
  },
  'st-leftjoin-versioned': (b) => {
    const table = b.table('table', versioned('versioned', 60))
    b.stream('input', strings).leftJoin(table, at, { key: S, left: S, right: S }).to('output', strings)
  },
  'st-join-versioned-grace': (b) => {
    const table = b.table('table', versioned('versioned', 100))
    b.stream('input', strings)
      .join(table, at, { key: S, left: S, right: S, name: 'buffered', graceMs: 20 })
      .to('output', strings)
  },
  'table-versioned-source': (b) => b.table('table', versioned('versioned', 30)).toStream().to('output'),
  'table-versioned-filter-groupby': (b) =>
    b
      .table('table', versioned('versioned', 50))
      .filter((v) => !v.startsWith('x'))
      .groupBy((v) => [v, v], { name: 'grouped', key: S, value: S })
      .count({ store: 'counts', key: S, value: L })
      .toStream()
      .to('output'),
  'table-versioned-stream-aggregate': (b) =>
    b
      .stream('input', strings)
      .groupByKey(strings)
      .aggregate(
        () => '',
        (a, v) => (a.length > 12 ? v : a + v),
        versioned('versioned', 100),
      )
      .toStream()
      .to('output'),
})
