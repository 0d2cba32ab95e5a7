// What differs between the kinds of windows, for the verbs that aggregate in them.

import type { WindowEnds, Windowed } from '../lib/core/windowed.ts'
import { serdes } from '../lib/serde/index.ts'
import type { Serde } from '../lib/serde/serde.ts'
import type { SessionStore, StoreBuilder, TimestampedWindowStore } from '../stores/store.ts'
import type { WindowStoreOptions } from '../stores/store-options.ts'
import { stores } from '../stores/stores.ts'
import type { CustomWindows } from './custom-windows.ts'
import { InvalidArgumentError } from './errors.ts'
import type { ProcessorSupplier } from './processor.ts'
import { CustomWindowAggregateProcessor } from './processors/custom-window-aggregate.ts'
import { SessionAggregateProcessor } from './processors/session-aggregate.ts'
import { SlidingWindowAggregateProcessor } from './processors/sliding-window-aggregate.ts'
import { WindowAggregateProcessor } from './processors/window-aggregate.ts'
import type { WindowAggregation } from './processors/window-updates.ts'
import type { TableView } from './table-view.ts'
import type { EmitStrategy, SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from './windows.ts'

/** What a store of windows of some kind is made of, but for what follows from the windows. */
export type WindowStoreParts = Omit<
  WindowStoreOptions<any, any>,
  'windowSizeMs' | 'ends' | 'retainDuplicates' | 'timeOrdered'
>

export interface WindowKind {
  /** How long after a window's end, in stream time, it may still change. */
  readonly graceMs: number
  /** What a store has to keep at least, and keeps by default. */
  readonly retentionMs: number
  keySerde<K>(inner: Serde<K>): Serde<Windowed<K>>
  store(name: string, parts: WindowStoreParts, emit: EmitStrategy): StoreBuilder
  view<K, V>(storeName: string): TableView<Windowed<K>, V>
  processor(aggregation: WindowAggregation<any, any, any>): ReturnType<ProcessorSupplier>
}

/**
 * @param method - The verb that was given the windows, for the error.
 * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: these are not windows to aggregate in.
 */
export function windowKind(
  method: string,
  windows: TimeWindows | UnlimitedWindows | SlidingWindows | SessionWindows | CustomWindows,
): WindowKind {
  switch (windows?.kind) {
    case 'time': {
      const { sizeMs, graceMs } = windows
      return timeWindows({ sizeMs, graceMs, neededMs: sizeMs }, (aggregation) => {
        return new WindowAggregateProcessor(windows, aggregation)
      })
    }
    case 'unlimited': {
      const sizeMs = Number.MAX_SAFE_INTEGER
      return timeWindows({ sizeMs, graceMs: 0, neededMs: sizeMs }, (aggregation) => {
        return new WindowAggregateProcessor(windows, aggregation)
      })
    }
    case 'sliding': {
      const { timeDifferenceMs, graceMs } = windows
      // A record makes windows of what is in others that start up to twice the time difference before it.
      return timeWindows({ sizeMs: timeDifferenceMs, graceMs, neededMs: 2 * timeDifferenceMs }, (aggregation) => {
        return new SlidingWindowAggregateProcessor(windows, aggregation)
      })
    }
    case 'custom': {
      const { maxSizeMs, graceMs } = windows
      return timeWindows({ sizeMs: maxSizeMs, ends: windows, graceMs, neededMs: maxSizeMs }, (aggregation) => {
        return new CustomWindowAggregateProcessor(windows, aggregation)
      })
    }
    case 'session':
      return sessions(windows)
    default:
      throw new InvalidArgumentError(
        method,
        'needs windows to aggregate in: windows.tumbling, hopping, sliding, session, unlimited or custom make them.',
      )
  }
}

/** Windows that a window store keeps, by their starts. */
interface WindowSizes {
  /** Of all windows, or the longest. */
  readonly sizeMs: number
  /** Of windows that differ in length. */
  readonly ends?: WindowEnds
  readonly graceMs: number
  /** How long before a record windows may start that it changes. */
  readonly neededMs: number
}

function timeWindows(sizes: WindowSizes, processor: WindowKind['processor']): WindowKind {
  const { sizeMs, ends, graceMs, neededMs } = sizes
  return {
    graceMs,
    retentionMs: sum(neededMs, graceMs),
    keySerde: (inner) => serdes.timeWindowed(inner, ends ?? sizeMs),
    store: (name, parts, emit) =>
      stores.timestampedWindow(name, {
        ...parts,
        windowSizeMs: sizeMs,
        ...(ends !== undefined && { ends }),
        timeOrdered: emit === 'on-window-close',
      }),
    view: <K, V>(storeName: string): TableView<Windowed<K>, V> => ({
      storeNames: [storeName],
      open: (context) => {
        const store = context.store<TimestampedWindowStore<K, V>>(storeName)
        return {
          versioned: false,
          get: ({ key, window }) => store.fetch(key, window.startMs),
          getAsOf: ({ key, window }) => store.fetch(key, window.startMs),
        }
      },
    }),
    processor,
  }
}

function sessions(windows: SessionWindows): WindowKind {
  const graceMs = sum(windows.inactivityGapMs, windows.graceMs)
  return {
    graceMs,
    retentionMs: graceMs,
    keySerde: serdes.sessionWindowed,
    store: (name, parts, emit) => stores.session(name, { ...parts, timeOrdered: emit === 'on-window-close' }),
    view: <K, V>(storeName: string): TableView<Windowed<K>, V> => ({
      storeNames: [storeName],
      open: (context) => {
        const store = context.store<SessionStore<K, V>>(storeName)
        const get = ({ key, window: { startMs, endMs } }: Windowed<K>) => {
          const value = store.fetchSession(key, startMs, endMs)
          return value === undefined ? undefined : { value, timestamp: endMs }
        }
        return { versioned: false, get, getAsOf: get }
      },
    }),
    processor: (aggregation) => new SessionAggregateProcessor(windows, aggregation),
  }
}

function sum(aMs: number, bMs: number): number {
  return Math.min(aMs + bMs, Number.MAX_SAFE_INTEGER)
}
