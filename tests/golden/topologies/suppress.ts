import { serdes } from '../../../lib/serde/index.ts'
import { windows } from '../../../topology/windows.ts'
import { built, L, S, strings } from './built.ts'

const timeWindowed = (windowSizeMs: number) => serdes.timeWindowed(S, windowSizeMs)

export const suppress = built({
  'suppress-time-limit-table': (b) =>
    b
      .table('table', { ...strings, store: 'store' })
      .suppress({ until: 'time-limit', timeLimitMs: 50, name: 'slow' })
      .toStream()
      .to('output'),
  'suppress-time-limit-max-records': (b) =>
    b
      .table('table', { ...strings, store: 'store' })
      .suppress({
        until: 'time-limit',
        timeLimitMs: 1_000,
        maxRecords: 2,
        whenFull: 'emit-early',
        name: 'small-buffer',
      })
      .toStream()
      .to('output'),
  'suppress-time-limit-logging-disabled': (b) =>
    b
      .stream('input', strings)
      .groupByKey()
      .count({ store: 'counts' })
      .suppress({ until: 'time-limit', timeLimitMs: 30, logging: false })
      .toStream()
      .to('output'),
  'suppress-then-table-groupby': (b) =>
    b
      .table('table', { ...strings, store: 'store' })
      .suppress({ until: 'time-limit', timeLimitMs: 20, name: 'slow' })
      .groupBy((v) => [v, v], { name: 'grp', ...strings })
      .count({ store: 'counts' })
      .toStream()
      .to('output'),
  'suppress-window-close-tumbling': (b) =>
    b
      .stream('input', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 10, graceMs: 5 }))
      .count({ store: 'windowed' })
      .suppress({ until: 'window-closes', name: 'final' })
      .toStream()
      .to('output', { key: timeWindowed(10), value: L }),
  'suppress-window-close-hopping': (b) =>
    b
      .stream('input', strings)
      .groupByKey()
      .windowedBy(windows.hopping({ sizeMs: 12, advanceMs: 4, graceMs: 6 }))
      .reduce((x, y) => x + y, { store: 'windowed' })
      .suppress({ until: 'window-closes' })
      .toStream()
      .to('output', { key: timeWindowed(12), value: S }),
  'suppress-window-close-session': (b) =>
    b
      .stream('input', strings)
      .groupByKey()
      .windowedBy(windows.session({ inactivityGapMs: 10, graceMs: 5 }))
      .aggregate(
        () => '',
        (text, v) => text + v,
        (x, y) => x + y,
        { store: 'sessions', value: S },
      )
      .suppress({ until: 'window-closes', name: 'final' })
      .toStream()
      .to('output', { key: serdes.sessionWindowed(S), value: S }),
  'suppress-window-time-limit': (b) =>
    b
      .stream('input', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 20, graceMs: 40 }))
      .count({ store: 'windowed' })
      .suppress({ until: 'time-limit', timeLimitMs: 15, name: 'slow' })
      .toStream()
      .to('output', { key: timeWindowed(20), value: L }),
})
