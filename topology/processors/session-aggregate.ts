import { NO_HEADERS, type StreamRecord } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import type { FlushListener, SessionStore, TimeRange, ValueAndTimestamp } from '../../stores/store.ts'
import { type Awaitable, isPromise } from '../callbacks.ts'
import type { Change } from '../change.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'
import type { SessionWindows } from '../windows.ts'
import { awaited } from './awaited.ts'
import { ClosedWindows } from './closed-windows.ts'
import { resumedStreamTimeMs } from './resumed-stream-time.ts'
import { TableForwarder } from './table-forwarder.ts'
import type { WindowAggregation } from './window-updates.ts'

type Session<K, VR> = readonly [Windowed<K>, VR]

/**
 * Adds each record to the session of its key within the gap; a record between two sessions makes them one. Null keys are dropped, null values are not. A session that
 * ended more than the gap and `graceMs` before stream time is closed: a record that only belongs there is dropped as late.
 *
 * A session that is replaced is deleted first, then the new one forwarded: with the session's end as event time.
 */
export class SessionAggregateProcessor<K, V, VR> implements Processor<K, V, Windowed<K>, Change<VR>> {
  readonly #windows: SessionWindows
  readonly #aggregation: WindowAggregation<K, V, VR>
  #context!: InternalProcessorContext<Windowed<K>, Change<VR>>
  #store!: SessionStore<K, VR>
  #forwarder: TableForwarder<Windowed<K>, VR> | undefined
  #closed: ClosedWindows<K, VR> | undefined
  #streamTimeMs = -1

  constructor(windows: SessionWindows, aggregation: WindowAggregation<K, V, VR>) {
    this.#windows = windows
    this.#aggregation = aggregation
  }

  init(context: InternalProcessorContext<Windowed<K>, Change<VR>>): void {
    const { storeName, retentionMs, emit } = this.#aggregation
    const store = context.store<SessionStore<K, VR>>(storeName)
    this.#context = context
    this.#store = store
    this.#streamTimeMs = resumedStreamTimeMs(context, store)
    if (emit === 'on-window-update') {
      this.#forwarder = new TableForwarder(context, atSessionEnds(store), this.#aggregation)
      return
    }
    this.#closed = new ClosedWindows(
      context,
      { storeName, retentionMs, closed: closedEnds, read: (range) => endedSessions(store, range) },
      this.#closeMs,
    )
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, timestamp } = record
    if (key === null) return this.#context.drop('null-key')
    if (timestamp > this.#streamTimeMs) {
      this.#streamTimeMs = timestamp
      this.#context.observeStreamTime(timestamp)
    }
    const closed = this.#closed
    if (closed === undefined) return this.#add(record)
    return awaited<void, void>(closed.beforePut(record, timestamp), () =>
      awaited<void, void>(this.#add(record), () => closed.look(record, this.#closeMs)),
    )
  }

  get #closeMs(): number {
    return this.#streamTimeMs - this.#windows.graceMs - this.#windows.inactivityGapMs
  }

  #add(record: StreamRecord<K, V>): void | Promise<void> {
    const { key, timestamp } = record
    const { inactivityGapMs } = this.#windows
    const found = this.#store.findSessions(key, {
      earliestEndMs: timestamp - inactivityGapMs,
      latestStartMs: timestamp + inactivityGapMs,
    })
    let startMs = timestamp
    let endMs = timestamp
    for (const [{ window }] of found) {
      startMs = Math.min(startMs, window.startMs)
      endMs = Math.max(endMs, window.endMs)
    }
    if (endMs < this.#closeMs) return this.#context.drop('late')
    const session = new Windowed(key, startMs, endMs)
    const aggregate = this.#aggregate(record, found)
    if (isPromise(aggregate)) return aggregate.then((later) => this.#replace(record, found, session, later))
    return this.#replace(record, found, session, aggregate)
  }

  /** What is in all of the sessions, and the record. */
  #aggregate({ key, value }: StreamRecord<K, V>, found: readonly Session<K, VR>[]): Awaitable<VR | null> {
    const { fold } = this.#aggregation
    let merged = fold.initial()
    for (const [, aggregate] of found) {
      merged = isPromise(merged)
        ? merged.then((left) => fold.merge(left, aggregate, key))
        : fold.merge(merged, aggregate, key)
    }
    return isPromise(merged) ? merged.then((before) => fold.add(before, value, key)) : fold.add(merged, value, key)
  }

  #replace(
    record: StreamRecord<K, V>,
    found: readonly Session<K, VR>[],
    session: Windowed<K>,
    aggregate: VR | null,
  ): void | Promise<void> {
    const { startMs, endMs } = session.window
    // A session of this one moment is written over.
    const isMerged = startMs !== endMs
    for (const [replaced, before] of isMerged ? found : []) {
      this.#store.remove(replaced)
      // Not awaited one by one: forwards of one operator keep their order, and the last one's promise stands for all.
      void this.#forward(record, replaced, null, before)
    }
    this.#store.put(session, aggregate)
    return this.#forward(record, session, aggregate, null)
  }

  #forward(
    record: StreamRecord<K, V>,
    session: Windowed<K>,
    value: VR | null,
    before: VR | null,
  ): void | Promise<void> {
    // As in Java: updates of sessions have no headers.
    return this.#forwarder?.forwardAs(session, record.withHeaders(NO_HEADERS), value, before, session.window.endMs)
  }
}

// A session has closed when its end, which is inclusive, lies before the close time.
function closedEnds(emittedMs: number, closeMs: number): TimeRange | undefined {
  const range = { fromMs: Math.max(0, emittedMs), toMs: closeMs - 1 }
  return range.toMs < range.fromMs ? undefined : range
}

async function* endedSessions<K, VR>(
  store: SessionStore<K, VR>,
  range: TimeRange,
): AsyncGenerator<readonly [Windowed<K>, ValueAndTimestamp<VR>], void, undefined> {
  for await (const [session, value] of store.findByEnd(range)) {
    yield [session, { value, timestamp: session.window.endMs }]
  }
}

/** The store as one whose cache lets go of updates with the event time that they are forwarded with otherwise. */
function atSessionEnds<K, VR>(store: SessionStore<K, VR>): Pick<SessionStore<K, VR>, 'setFlushListener'> {
  return {
    setFlushListener: (listener: FlushListener<Windowed<K>, VR>, options) =>
      store.setFlushListener((flush) => listener({ ...flush, timestamp: flush.key.window.endMs }), options),
  }
}
