// Flow: admin → [admin-reset-offsets] → admin-offsets, admin-group-offsets.

import { InvalidArgumentError } from '../core/errors.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { AdminParts } from './admin.ts'
import { requireInteger, requireOffset, requireTime } from './admin-arguments.ts'
import { alterOffsets, committedOffsets } from './admin-group-offsets.ts'
import { listOffsets } from './admin-offsets.ts'
import type { OffsetSpec, OffsetTarget } from './client.ts'

type Offsets = ReadonlyMap<string, number>

/** See Admin.resetOffsets. */
export async function resetOffsets(
  parts: AdminParts,
  groupId: string,
  partitions: readonly TopicPartition[],
  to: OffsetTarget,
): Promise<Offsets> {
  const targets = await targetsOf(parts, groupId, partitions, to)
  const offsets = partitions.map(({ topic, partition }) => {
    return { topic, partition, offset: targets.get(partitionKey(topic, partition))! }
  })
  await alterOffsets(parts, groupId, offsets)
  return targets
}

function targetsOf(
  parts: AdminParts,
  groupId: string,
  partitions: readonly TopicPartition[],
  to: OffsetTarget,
): Promise<Offsets> | Offsets {
  const at = (spec: OffsetSpec): Promise<Offsets> => listOffsets(parts, partitions, spec, 'read_uncommitted')
  if (to === 'earliest' || to === 'latest') return at(to)
  if ('timeMs' in to) {
    requireTime('resetOffsets', 'timeMs', to.timeMs)
    return at(to.timeMs)
  }
  if ('offset' in to) {
    requireOffset('resetOffsets', to.offset)
    return within(partitions, to.offset, at)
  }
  requireInteger('resetOffsets', 'shiftBy', to.shiftBy, Number.MIN_SAFE_INTEGER)
  return shifted(parts, groupId, partitions, to.shiftBy, at)
}

async function within(
  partitions: readonly TopicPartition[],
  offset: number,
  at: (spec: OffsetSpec) => Promise<Offsets>,
): Promise<Offsets> {
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  const targets = new Map<string, number>()
  for (const { topic, partition } of partitions) {
    const key = partitionKey(topic, partition)
    const [start, end] = [starts.get(key)!, ends.get(key)!]
    if (offset < start || offset > end) {
      const problem = `offset ${offset} is not in the log of ${topic}-${partition}, which goes from ${start} to ${end}.`
      throw new InvalidArgumentError('resetOffsets', problem)
    }
    targets.set(key, offset)
  }
  return targets
}

// Waits for transactions that are still ending: a stopped application's last offsets may be in one.
async function shifted(
  parts: AdminParts,
  groupId: string,
  partitions: readonly TopicPartition[],
  shiftBy: number,
  at: (spec: OffsetSpec) => Promise<Offsets>,
): Promise<Offsets> {
  const committed = await committedOffsets(parts, groupId, true)
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  const targets = new Map<string, number>()
  for (const { topic, partition } of partitions) {
    const key = partitionKey(topic, partition)
    const offset = committed.get(key)?.offset
    if (offset === undefined) {
      const problem = `group '${groupId}' has committed no offset of ${topic}-${partition} to move from.`
      throw new InvalidArgumentError('resetOffsets', problem)
    }
    targets.set(key, Math.min(Math.max(offset + shiftBy, starts.get(key)!), ends.get(key)!))
  }
  return targets
}
