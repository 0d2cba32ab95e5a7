import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import type { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { type FixedWindows, type SlidingWindows, windows } from '../../../topology/windows.ts'
import { built, L, S, strings } from './built.ts'

const within = (sizeMs: number) => serdes.timeWindowed(S, sizeMs)
const sessions = serdes.sessionWindowed(S)
const emit = 'on-window-close'
const counted = { store: 'windowed', key: S, value: L }
const kept = { store: 'windowed', ...strings }
const concat = (left: string, right: string) => left + right

/** Most cases are about one aggregation between two topics. */
const grouped = (b: StreamsBuilder, value: Serde<any> = S) =>
  b.stream<string, any>('input', { key: S, value }).groupByKey({ key: S, value })

function windowed(b: StreamsBuilder, of: FixedWindows | SlidingWindows, options = {}) {
  return grouped(b).windowedBy(of, options)
}

export const windowTopologies = built({
  'window-tumbling-count': (b) =>
    windowed(b, windows.tumbling({ sizeMs: 10 }))
      .count(counted)
      .toStream()
      .to('output', { key: within(10), value: L }),
  'window-tumbling-grace': (b) =>
    windowed(b, windows.tumbling({ sizeMs: 10, graceMs: 5 }))
      .reduce(concat, kept)
      .toStream()
      .to('output', { key: within(10), value: S }),
  'window-tumbling-many': (b) =>
    grouped(b, L)
      .windowedBy(windows.tumbling({ sizeMs: 50, graceMs: 20 }))
      .aggregate(
        () => 0,
        (sum, value: number | null) => sum + (value ?? 1000),
        counted,
      )
      .toStream()
      .to('output', { key: within(50), value: L }),
  'window-tumbling-on-close': (b) =>
    windowed(b, windows.tumbling({ sizeMs: 10, graceMs: 5 }), { emit })
      .count(counted)
      .toStream()
      .to('output', { key: within(10), value: L }),
  'window-tumbling-on-close-long-retention': (b) =>
    windowed(b, windows.tumbling({ sizeMs: 10, graceMs: 5 }), { emit })
      .count({ ...counted, retentionMs: 100_000 })
      .toStream()
      .to('output', { key: within(10), value: L }),
  'window-in-memory': (b) =>
    windowed(b, windows.tumbling({ sizeMs: 10, graceMs: 10 }))
      .count({ ...counted, persistent: false, retentionMs: 40 })
      .toStream()
      .to('output', { key: within(10), value: L }),
  'window-hopping-count': (b) =>
    windowed(b, windows.hopping({ sizeMs: 10, advanceMs: 3 }))
      .count(counted)
      .toStream()
      .to('output', { key: within(10), value: L }),
  'window-hopping-aggregate-many': (b) =>
    windowed(b, windows.hopping({ sizeMs: 30, advanceMs: 10, graceMs: 15 }))
      .aggregate(
        () => '',
        (all, value) => `${all}+${value}`,
        kept,
      )
      .toStream()
      .to('output', { key: within(30), value: S }),
  'window-hopping-on-close': (b) =>
    windowed(b, windows.hopping({ sizeMs: 20, advanceMs: 5, graceMs: 10 }), { emit })
      .reduce(concat, kept)
      .toStream()
      .to('output', { key: within(20), value: S }),
  'window-unlimited': (b) =>
    windowed(b, windows.unlimited({ startMs: 100 }))
      .count(counted)
      .toStream()
      .to('output', { key: within(Number.MAX_SAFE_INTEGER), value: L }),
  'window-toTable-mapkey-chain': (b) =>
    windowed(b, windows.tumbling({ sizeMs: 20 }))
      .count(counted)
      .toStream()
      .selectKey((_, { key, window }) => `${key}@${window.startMs}`, { key: S })
      .groupByKey({ key: S, value: L })
      .reduce((left, right) => Math.max(left, right), { store: 'reduced', key: S, value: L })
      .toStream()
      .to('output', { key: S, value: L }),
  'window-sliding-count': (b) =>
    windowed(b, windows.sliding({ timeDifferenceMs: 10 }))
      .count(counted)
      .toStream()
      .to('output', { key: within(10), value: L }),
  'window-sliding-reduce': (b) =>
    windowed(b, windows.sliding({ timeDifferenceMs: 10, graceMs: 10 }))
      .reduce((left, right) => (left >= right ? left : right), kept)
      .toStream()
      .to('output', { key: within(10), value: S }),
  'window-sliding-aggregate-ooo': (b) =>
    windowed(b, windows.sliding({ timeDifferenceMs: 20, graceMs: 30 }))
      .aggregate(() => '', concat, kept)
      .toStream()
      .to('output', { key: within(20), value: S }),
  'window-sliding-on-close': (b) =>
    windowed(b, windows.sliding({ timeDifferenceMs: 10, graceMs: 5 }), { emit })
      .aggregate(() => '', concat, kept)
      .toStream()
      .to('output', { key: within(10), value: S }),
  'window-session-count': (b) =>
    grouped(b)
      .windowedBy(windows.session({ inactivityGapMs: 10 }))
      .count({ store: 'sessions', key: S, value: L })
      .toStream()
      .to('output', { key: sessions, value: L }),
  'window-session-many': (b) =>
    grouped(b)
      .windowedBy(windows.session({ inactivityGapMs: 60, graceMs: 30 }))
      .count({ store: 'sessions', key: S, value: L })
      .toStream()
      .to('output', { key: sessions, value: L }),
  'window-session-reduce': (b) =>
    grouped(b)
      .windowedBy(windows.session({ inactivityGapMs: 5, graceMs: 100 }))
      .reduce(concat, { store: 'sessions', ...strings })
      .toStream()
      .to('output', { key: sessions, value: S }),
  'window-session-aggregate-grace': (b) =>
    grouped(b)
      .windowedBy(windows.session({ inactivityGapMs: 15, graceMs: 40 }))
      .aggregate(
        () => '',
        concat,
        (left, right) => `${left}|${right}`,
        { store: 'sessions', ...strings },
      )
      .toStream()
      .to('output', { key: sessions, value: S }),
  'window-session-on-close': (b) =>
    grouped(b)
      .windowedBy(windows.session({ inactivityGapMs: 10, graceMs: 5 }), { emit })
      .count({ store: 'sessions', key: S, value: L })
      .toStream()
      .to('output', { key: sessions, value: L }),
})
