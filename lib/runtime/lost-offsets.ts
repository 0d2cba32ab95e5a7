// Flow: task-manager → [lost-offsets] → committed-inputs
import type { Admin, CommittedOffset } from '../client/client.ts'
import type { Logger } from '../core/log.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import { CommittedOffsetsLostError } from './errors.ts'
import type { StreamTask } from './stream-task.ts'

type Committed = ReadonlyMap<string, CommittedOffset>

/**
 * Holds the committed offsets of a task's inputs against what lies noted with its state. To be called when nothing uncommitted is left of the task, and nothing was restored yet.
 *
 * An input that came to the topology later has no note, nor has one whose first commit never took place; a topic that was created anew has another id, and none of its records was read.
 *
 * @returns The topic ids of inputs that are to be noted, by partition.
 * @throws CommittedOffsetsLostError `STREAMS_COMMITTED_OFFSETS_LOST`: the group had an offset of an input, and has it no more.
 */
export async function requireCommittedOffsets(
  task: StreamTask,
  partitions: readonly TopicPartition[],
  committed: Committed,
  { admin, groupId }: { readonly admin: Admin; readonly groupId: string },
): Promise<ReadonlyMap<string, string>> {
  // A store that is a copy of its topic is none the worse for reading it again.
  const isConcerned = [...task.stores.values()].some(({ isPersistent, isSource }) => isPersistent && !isSource)
  if (!isConcerned) return new Map()
  const noted = (partition: TopicPartition) => task.committedInputs.topicId(partition)
  const hasOffset = ({ topic, partition }: TopicPartition) => committed.has(partitionKey(topic, partition))
  const unclear = partitions.filter((partition) => noted(partition) === undefined || !hasOffset(partition))
  if (unclear.length === 0) return new Map()
  const topics = await admin.describeTopics([...new Set(unclear.map(({ topic }) => topic))])
  const idOf = ({ topic }: TopicPartition) => topics.get(topic)?.topicId
  const lost = unclear.filter((partition) => noted(partition) !== undefined && noted(partition) === idOf(partition))
  if (lost.length > 0) throw new CommittedOffsetsLostError(task.name, lost, groupId, task.stateDir)
  const ids = unclear.map((input) => [partitionKey(input.topic, input.partition), idOf(input)] as const)
  return new Map(ids.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/**
 * Says that a task's stores, restored from their changelogs alone, hold something, though the group has no offset of any of its inputs. Where no note lies on disk this proves no loss:
 * a changelog may have been filled by hand, or by Java at least once before its first commit, and its inputs may have been created anew.
 */
export async function warnOfStateWithoutOffsets(task: StreamTask, logger: Logger): Promise<void> {
  const stores: string[] = []
  for (const [name, { changelog, isSource }] of task.stores) {
    if (changelog !== undefined && !isSource && (await hasRows(task, name))) stores.push(name)
  }
  if (stores.length === 0) return
  logger.warn(
    { task: task.name, stores },
    'stores were restored, but the group has no committed offset of any input: they are read from where offsetReset says, and what the stores hold of them already counts again. ' +
      'If the offsets have expired or were deleted: stop, and set them or reset the application',
  )
}

async function hasRows(task: StreamTask, store: string): Promise<boolean> {
  for await (const _ of task.database.committed(store).range({})) return true
  return false
}
