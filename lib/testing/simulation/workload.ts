// The application under test: a stateless part, a windowed aggregate whose late records depend on stream time, a join of two streams, and an aggregate
// behind a repartition topic. What it must write follows from its inputs alone, whatever the order in which partitions were read; see oracle.ts.

import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import { windows } from '../../../topology/windows.ts'
import { type Clock, sleep } from '../../core/clock.ts'
import type { StreamRecord } from '../../core/record.ts'
import { serdes } from '../../serde/index.ts'
import type { WorkloadPlan } from './plan.ts'

export const APPLICATION_ID = 'app'
export const INPUT_TOPICS = ['left', 'right'] as const
export const OUTPUT_TOPICS = ['mapped', 'windowed', 'joined', 'lists'] as const
export const REPARTITION_TOPIC = `${APPLICATION_ID}-groups-repartition`
/** Every topic that a task reads. */
export const SOURCE_TOPICS = [...INPUT_TOPICS, REPARTITION_TOPIC] as const

/** Every topic of the application. */
export const ALL_TOPICS = [
  ...SOURCE_TOPICS,
  ...OUTPUT_TOPICS,
  ...['windowed', 'final-store', 'lists', 'joined-this-join-store', 'joined-other-join-store'].map(
    (store) => `${APPLICATION_ID}-${store}-changelog`,
  ),
]

const strings = { key: serdes.string(), value: serdes.string() }

/** Longer than all event time of a run: no match is lost because one side was read far ahead of the other. */
const LONG_MS = 24 * 3_600_000
/** What one record may have to wait for. */
const MAX_WAIT_MS = 6

/** The group that a record's id belongs to, over which lists are kept. */
export function groupOf(id: string, groups: number): string {
  return `g${hashOf(id) % groups}`
}

function hashOf(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) | 0
  return Math.abs(hash)
}

export function appended(list: string, id: string): string {
  return list === '' ? id : `${list} ${id}`
}

export interface WorkloadHost {
  readonly clock: Clock
  /** Told of each record that comes out of a source. */
  readonly onRead: (record: StreamRecord<any, any>) => void
  /** Told of each record of which some results have been sent, and others are still to come; may throw. */
  readonly onHalfDone: () => void
}

export function buildWorkload(plan: WorkloadPlan, { clock, onRead, onHalfDone }: WorkloadHost): Topology {
  // As a processor that asks another service: its task waits, the others go on.
  const waits = (value: string | null) => plan.waitsOneIn > 0 && hashOf(value ?? '') % plan.waitsOneIn === 0
  const later = (value: string): string | Promise<string> =>
    waits(value) ? sleep(clock, hashOf(value) % MAX_WAIT_MS).then(() => value) : value
  const builder = new StreamsBuilder()
  const read = <V>(_value: V, _key: unknown, record: StreamRecord<any, any>) => onRead(record)
  const { persistent } = plan
  const left = builder.stream('left', strings).peek(read)
  const right = builder.stream('right', strings).peek(read)

  left.mapValues((value) => later(`mapped ${value}`)).to('mapped', strings)

  const aggregated = left
    .groupByKey(strings)
    .windowedBy(windows.tumbling({ sizeMs: plan.windowMs, graceMs: plan.graceMs }), {
      emit: plan.emit === 'on-window-close' ? plan.emit : 'on-window-update',
    })
    .aggregate(
      () => '',
      (list, value) => appended(list, value ?? 'null'),
      {
        store: 'windowed',
        value: serdes.string(),
        persistent: persistent.windowed,
        // A cache may hold an update back until its window has closed, and been emitted without it, as in Java.
        ...(plan.emit === 'suppressed' ? { caching: false } : {}),
        // Else a jump of stream time may leave windows behind that are never emitted, as in Java.
        ...(plan.emit === 'on-window-close' ? { retentionMs: LONG_MS } : {}),
      },
    )
  const results =
    plan.emit === 'suppressed' ? aggregated.suppress({ until: 'window-closes', name: 'final' }) : aggregated
  results
    .toStream()
    .map((list, { key, window }) => [`${key}@${window.startMs}`, list], strings)
    .to('windowed', strings)

  left
    .join(right, (l, r) => `${l}+${r}`, {
      within: windows.join({ withinMs: plan.joinWithinMs, graceMs: LONG_MS }),
      store: 'joined',
      persistent: persistent.joined,
    })
    .to('joined', strings)

  left
    .filter((value) => value !== null)
    .peek(onHalfDone)
    .selectKey((value) => groupOf(value, plan.groups))
    .repartition({ name: 'groups', ...strings })
    .peek(read)
    .mapValues(later, strings)
    .groupByKey(strings)
    .aggregate(
      () => '',
      (list, id) => appended(list, id),
      { store: 'lists', value: serdes.string(), persistent: persistent.lists },
    )
    .toStream()
    .peek(onHalfDone)
    .to('lists', strings)

  return builder.build()
}
