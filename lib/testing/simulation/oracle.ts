// What the application under test must have written, computed from the committed records of its inputs, in the order of each partition.
import type { MemoryCluster } from '../../client/memory/index.ts'
import type { ConsumedRecord } from '../../core/record.ts'
import type { WorkloadPlan } from './plan.ts'
import { appended, groupOf } from './workload.ts'

/** A record of an input or an output, as text. */
export interface TextRecord {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly partition: number
}

/** What is expected, each by key; keys are never in two partitions. */
export interface Expected {
  /** Stateless: in order. */
  readonly mapped: ReadonlyMap<string | null, readonly string[]>
  /** Every state of each window, in order; where windows are emitted when they close, only the last one. */
  readonly windowed: ReadonlyMap<string, readonly string[]>
  /** Pairs, each once, in any order that comes of reading both sides in theirs. */
  readonly joined: ReadonlyMap<string, readonly JoinedPair[]>
  /** For each group, from each partition the ids in order; the partitions may be mixed in any way. */
  readonly lists: ReadonlyMap<string, readonly (readonly string[])[]>
  /** The event time of each id. A result has the latest of the ids in it. */
  readonly timesMs: ReadonlyMap<string, number>
}

export interface JoinedPair {
  readonly value: string
  /** Places among the records of the key on either side. */
  readonly left: number
  readonly right: number
}

export function readTopic(cluster: MemoryCluster, topic: string): readonly TextRecord[] {
  return Array.from({ length: cluster.partitionCount(topic) }, (_, partition) =>
    cluster.records(topic, partition).map((record) => textOf(record, partition)),
  ).flat()
}

function textOf({ key, value, timestamp }: ConsumedRecord, partition: number): TextRecord {
  return { key: key?.toString() ?? null, value: value?.toString() ?? null, timestamp, partition }
}

export function expectedOf(cluster: MemoryCluster, plan: WorkloadPlan): Expected {
  const left = readTopic(cluster, 'left')
  const right = readTopic(cluster, 'right')
  return {
    mapped: mappedOf(left),
    windowed: windowedOf(left, plan),
    joined: joinedOf(left, right, plan),
    lists: listsOf(left, plan),
    timesMs: new Map([...left, ...right].map(({ value, timestamp }) => [String(value), timestamp])),
  }
}

function mappedOf(left: readonly TextRecord[]): Expected['mapped'] {
  const mapped = new Map<string | null, string[]>()
  for (const { key, value } of left) listIn(mapped, key).push(`mapped ${value}`)
  return mapped
}

// A partition's stream time is that of its own records, which are always read in the same order: so what is late is certain.
function windowedOf(left: readonly TextRecord[], { windowMs, graceMs, emit }: WorkloadPlan): Expected['windowed'] {
  const states = new Map<string, string[]>()
  const ends = new Map<string, { readonly endMs: number; readonly partition: number }>()
  const streamTimes = new Map<number, number>()
  for (const { key, value, timestamp, partition } of left) {
    if (key === null) continue
    const streamTimeMs = Math.max(streamTimes.get(partition) ?? -1, timestamp)
    streamTimes.set(partition, streamTimeMs)
    const startMs = timestamp - (timestamp % windowMs)
    const endMs = startMs + windowMs
    if (endMs <= streamTimeMs - graceMs) continue
    const list = listIn(states, `${key}@${startMs}`)
    list.push(appended(list.at(-1) ?? '', value ?? 'null'))
    ends.set(`${key}@${startMs}`, { endMs, partition })
  }
  if (emit === 'on-window-update') return states
  const closed = [...states].filter(([key]) => {
    const { endMs, partition } = ends.get(key)!
    return endMs <= streamTimes.get(partition)! - graceMs
  })
  return new Map(closed.map(([key, list]) => [key, list.slice(-1)]))
}

function joinedOf(
  left: readonly TextRecord[],
  right: readonly TextRecord[],
  { joinWithinMs }: WorkloadPlan,
): Expected['joined'] {
  const joined = new Map<string, JoinedPair[]>()
  const rights = new Map<string, TextRecord[]>()
  for (const record of right) {
    if (record.key !== null && record.value !== null) listIn(rights, record.key).push(record)
  }
  const lefts = new Map<string, number>()
  for (const { key, value, timestamp } of left) {
    if (key === null || value === null) continue
    const place = lefts.get(key) ?? 0
    lefts.set(key, place + 1)
    for (const [other, { value: rightValue, timestamp: rightMs }] of (rights.get(key) ?? []).entries()) {
      if (Math.abs(timestamp - rightMs) > joinWithinMs) continue
      listIn(joined, key).push({ value: `${value}+${rightValue}`, left: place, right: other })
    }
  }
  return joined
}

function listsOf(left: readonly TextRecord[], { groups, partitions }: WorkloadPlan): Expected['lists'] {
  const lists = new Map<string, string[][]>()
  for (const { value, partition } of left) {
    if (value === null) continue
    const group = groupOf(value, groups)
    let from = lists.get(group)
    if (from === undefined) {
      from = Array.from({ length: partitions }, () => [])
      lists.set(group, from)
    }
    from[partition]!.push(value)
  }
  return lists
}

function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key)
  if (list === undefined) {
    list = []
    lists.set(key, list)
  }
  return list
}
