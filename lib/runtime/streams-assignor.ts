// Flow: group-member → [streams-assignor] → task-assignment
import { hasPatterns, matchPatterns } from '../../topology/pattern-topics.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import { subtopologyOf, topicName } from '../../topology/physical.ts'
import type { GroupAssignor, GroupMemberInfo, MemberAssignment } from '../client/client.ts'
import type { TopicPartition } from '../core/record.ts'
import { assignTasks } from './task-assignment.ts'
import { compareTasks, type TaskId, taskName } from './task-id.ts'
import type { TopicPlan } from './topic-plan.ts'

/** What each member tells the leader, as JSON in its subscription. */
interface MemberState {
  readonly version: 1
  /** Names of the tasks whose state lies on its disk. */
  readonly stored: readonly string[]
}

export interface StreamsAssignorOptions {
  readonly topology: PhysicalTopology
  readonly applicationId: string
  /** Counts partitions and creates what is missing; asked at every rebalance, in the leader. */
  readonly plan: () => Promise<TopicPlan>
  /** Names of the tasks whose state lies on this instance's disk. */
  readonly storedTasks: () => readonly string[]
}

/** Maps the group's partitions to tasks and back: a member reads exactly the partitions of its tasks. */
export class StreamsAssignor implements GroupAssignor {
  // Not Java's `stream`: members of the two would not understand each other's data, and Kafka refuses a group with mixed names.
  readonly name = 'millrace'
  readonly #options: StreamsAssignorOptions

  constructor(options: StreamsAssignorOptions) {
    this.#options = options
  }

  subscription(): { topics: readonly string[]; userData: Buffer } {
    const { topology, applicationId, storedTasks } = this.#options
    const topics = topology.subtopologies.flatMap(({ sourceTopics }) =>
      sourceTopics.map((topic) => topicName(topic, applicationId)),
    )
    const state: MemberState = { version: 1, stored: storedTasks() }
    return { topics: [...new Set(topics)].sort(), userData: Buffer.from(JSON.stringify(state)) }
  }

  async assign(members: readonly GroupMemberInfo[]): Promise<ReadonlyMap<string, MemberAssignment>> {
    const plan = await this.#options.plan()
    const shares = assignTasks(
      plan.tasks,
      members.map((member) => ({
        memberId: member.memberId,
        owned: new Set(this.tasksOf(member.ownedPartitions).map(taskName)),
        stored: new Set(readState(member.userData)),
      })),
    )
    return new Map(
      [...shares].map(([memberId, tasks]) => [
        memberId,
        { partitions: tasks.flatMap((task) => this.partitionsOf(task, plan)), userData: Buffer.alloc(0) },
      ]),
    )
  }

  /** The partitions that a task reads: its number, of each source topic that has as many. */
  partitionsOf(task: TaskId, plan: TopicPlan): readonly TopicPartition[] {
    const { topology, applicationId } = this.#options
    return subtopologyOf(topology, task.subtopology)
      .sourceTopics.map((topic) => topicName(topic, applicationId))
      .filter((topic) => task.partition < plan.sourcePartitions.get(topic)!)
      .map((topic) => ({ topic, partition: task.partition }))
  }

  /** The tasks that read any of these partitions, each once. */
  tasksOf(partitions: readonly TopicPartition[]): readonly TaskId[] {
    const { topology, applicationId } = this.#options
    // The leader may have seen a topic that matches a pattern before we did.
    if (hasPatterns(topology)) {
      matchPatterns(topology, new Set(partitions.map(({ topic }) => topic)), applicationId)
    }
    const tasks = new Map<string, TaskId>()
    for (const { topic, partition } of partitions) {
      for (const { id, sourceTopics } of topology.subtopologies) {
        const task = { subtopology: id, partition }
        if (sourceTopics.some((source) => topicName(source, applicationId) === topic)) tasks.set(taskName(task), task)
      }
    }
    return [...tasks.values()].sort(compareTasks)
  }
}

// Data that cannot be read costs stickiness, nothing else.
function readState(userData: Buffer): readonly string[] {
  try {
    const state = JSON.parse(userData.toString()) as Partial<MemberState>
    return Array.isArray(state.stored) ? state.stored : []
  } catch {
    return []
  }
}
