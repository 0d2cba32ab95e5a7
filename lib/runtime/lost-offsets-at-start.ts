// Flow: instance → [lost-offsets-at-start] → committed-inputs
import { StateCorruptedError } from '../../stores/errors.ts'
import type { StateDirectory } from '../../stores/state-directory.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../../stores/task-database.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import { topicName } from '../../topology/physical.ts'
import type { Admin, GroupMember } from '../client/client.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import { CommittedInputs } from './committed-inputs.ts'
import { CommittedOffsetsLostError } from './errors.ts'

/** For a look at a few rows. */
const MEMORY_BYTES = 256 * 1024

export interface StateOnDisk {
  readonly admin: Admin
  readonly member: Pick<GroupMember, 'committed'>
  readonly applicationId: string
  readonly topology: PhysicalTopology
  readonly directory: Pick<StateDirectory, 'taskDirectory' | 'taskDirectories'>
  readonly openDatabase: OpenTaskDatabase
}

/**
 * Looks, before the instance joins its group, whether the offsets are there that the state on its disk needs: a task without state, whose offsets were lost as well, would
 * else send on what it reads again before the task that has the state could say so. Opens databases only if offsets are missing.
 *
 * @throws CommittedOffsetsLostError `STREAMS_COMMITTED_OFFSETS_LOST`
 */
export async function requireOffsetsOfState(options: StateOnDisk): Promise<void> {
  const { admin, member, applicationId, directory } = options
  const tasks = directory.taskDirectories()
  if (tasks.length === 0) return
  const committed = await admin.committedOffsets(applicationId)
  for (const task of tasks) {
    const missing = inputsOf(task, options).filter(
      ({ topic, partition }) => !committed.has(partitionKey(topic, partition)),
    )
    if (missing.length === 0) continue
    const noted = await notedOf(task, missing, options)
    // The first commit may have ended, though its offsets are not to be seen yet: to wait for that is only worth while here.
    const stable = await member.committed(noted)
    const lost = noted.filter(({ topic, partition }) => !stable.has(partitionKey(topic, partition)))
    if (lost.length > 0) throw new CommittedOffsetsLostError(task, lost, applicationId, directory.taskDirectory(task))
  }
}

/** None for a task that the topology does not have any more, or that keeps nothing but copies of its topics. */
function inputsOf(task: string, { topology, applicationId }: StateOnDisk): readonly TopicPartition[] {
  const [id, partition] = task.split('_').map(Number)
  const subtopology = topology.subtopologies.find((each) => each.id === id)
  const hasState = subtopology?.stores.some(
    ({ name, persistent }) => persistent && !subtopology.sourceChangelogs.has(name),
  )
  if (subtopology === undefined || hasState !== true) return []
  return subtopology.sourceTopics.map((ref) => ({ topic: topicName(ref, applicationId), partition: partition! }))
}

async function notedOf(
  task: string,
  inputs: readonly TopicPartition[],
  { admin, directory, openDatabase }: StateOnDisk,
): Promise<readonly TopicPartition[]> {
  let database: TaskDatabase
  try {
    database = await openDatabase({
      directory: directory.taskDirectory(task),
      memoryBytes: MEMORY_BYTES,
      readCacheBytes: 0,
    })
  } catch (error) {
    // It is set aside when the task starts.
    if (error instanceof StateCorruptedError) return []
    throw error
  }
  try {
    const noted = new CommittedInputs(database)
    const topics = await admin.describeTopics([...new Set(inputs.map(({ topic }) => topic))])
    return inputs.filter((input) => {
      const topicId = noted.topicId(input)
      return topicId !== undefined && topicId === topics.get(input.topic)?.topicId
    })
  } finally {
    await database.close()
  }
}
