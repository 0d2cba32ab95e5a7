// Recorded by integration/java/CustomWindows.java, where the windows are subclasses of Java's Windows.
import { serdes } from '../../../lib/serde/index.ts'
import { windows } from '../../../topology/windows.ts'
import { built, L, S, strings } from './built.ts'

const concat = (left: string, right: string) => left + right
const named = ({ key, window }: { key: string; window: { startMs: number; endMs: number } }) =>
  `${key}@${window.startMs}..${window.endMs}`

/** Of 10, 20, 30… ms, one after the other. */
const growing = windows.custom({
  windowOf: (timestampMs) => {
    let [startMs, sizeMs] = [0, 10]
    while (timestampMs >= startMs + sizeMs) {
      startMs += sizeMs
      sizeMs += 10
    }
    return { startMs, endMs: startMs + sizeMs }
  },
  maxSizeMs: 500,
  graceMs: 8,
})

const OVERLAPPING = [
  [10, 30],
  [0, 50],
  [17, 22],
] as const
const overlapping = windows.custom({
  windowsFor: (timestampMs) => {
    const baseMs = timestampMs - (timestampMs % 100)
    return OVERLAPPING.map(([from, to]) => ({ startMs: baseMs + from, endMs: baseMs + to })).filter(
      ({ startMs, endMs }) => timestampMs >= startMs && timestampMs < endMs,
    )
  },
  maxSizeMs: 50,
  graceMs: 15,
})

const shifted = windows.custom({
  windowOf: (timestampMs) => {
    const startMs = Math.floor((timestampMs - 10) / 40) * 40 + 10
    return { startMs, endMs: startMs + 40 }
  },
  maxSizeMs: 40,
  graceMs: 20,
})

export const customWindowTopologies = built({
  'custom-windows-growing': (b) =>
    b
      .stream('input', strings)
      .groupByKey(strings)
      .windowedBy(growing)
      .count({ store: 'windowed', key: S, value: L })
      .toStream()
      .to('output', { key: serdes.timeWindowed(S, growing), value: L }),
  'custom-windows-overlapping': (b) =>
    b
      .stream('input', strings)
      .groupByKey(strings)
      .windowedBy(overlapping)
      .reduce(concat, { store: 'windowed', ...strings })
      .toStream()
      .selectKey((_, key) => named(key))
      .to('output', strings),
  'custom-windows-suppress': (b) =>
    b
      .stream('input', strings)
      .groupByKey(strings)
      .windowedBy(growing)
      .aggregate(() => '', concat, { store: 'windowed', ...strings })
      .suppress({ until: 'window-closes', name: 'final' })
      .toStream()
      .to('output', { key: serdes.timeWindowed(S, growing), value: S }),
  'custom-windows-shifted': (b) =>
    b
      .stream('input', strings)
      .groupByKey(strings)
      .cogroup<string>(concat)
      .cogroup(
        b.stream('other', strings).groupBy((value) => value, strings),
        (all, value) => `${all}-${value}`,
      )
      .windowedBy(shifted)
      .aggregate(() => '', strings)
      .toStream()
      .repartition({ key: serdes.timeWindowed(S, shifted), value: S })
      // Not by its end: behind a topic Java takes size() for the length of all.
      .selectKey((_, { key, window }) => `${key}@${window.startMs}`)
      .groupByKey(strings)
      .count({ key: S, value: L })
      .toStream()
      .to('output', { key: S, value: L }),
})
