import { built, S, strings } from './built.ts'

export const tables = built({
  'table-source-tostream': (b) =>
    b
      .table('table', { ...strings, store: 'store' })
      .toStream()
      .to('output'),
  'table-source-unmaterialised': (b) =>
    b
      .table('table', strings)
      .toStream()
      .selectKey((_, key) => key.toUpperCase(), { key: S })
      .to('output'),
  'table-filter-chain': (b) => {
    const table = b.table('table', strings)
    table
      .filter((v) => Number(v) > 50, { store: 'filtered', ...strings })
      .toStream()
      .to('output')
    table
      .filterNot((v) => Number(v) % 2 === 0)
      .toStream()
      .to('output2')
  },
  'table-mapvalues': (b) =>
    b
      .table('table', strings)
      .mapValues((v, k) => `${k}#${v.length}`, { store: 'mapped', ...strings })
      .filter((v) => Number(v.at(-1)) % 2 === 0)
      .toStream()
      .to('output'),
})
