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
  /** The id under which it commits, if one transaction spans its tasks. */
  readonly instance?: string
}

/** What the leader tells each member, as JSON in its assignment. */
interface GroupState {
  readonly version: 1
  /** The `instance` of each member. */
  readonly instances: readonly string[]
  /** Those that the generation before had and this one has not: a transaction of theirs may be open. */
  readonly departed: readonly string[]
}

export interface StreamsAssignorOptions {
  readonly topology: PhysicalTopology
  readonly applicationId: string
  /** Counts partitions and creates what is missing; asked at every rebalance, in the leader. */
  readonly plan: () => Promise<TopicPlan>
  /** Names of the tasks whose state lies on this instance's disk. */
  readonly storedTasks: () => readonly string[]
  /** Given if one transaction spans the instance's tasks. */
  readonly instanceId?: string
}

/** Maps the group's partitions to tasks and back: a member reads exactly the partitions of its tasks. */
export class StreamsAssignor implements GroupAssignor {
  // Not Java's `stream`: members of the two would not understand each other's data, and Kafka refuses a group with mixed names.
  readonly name = 'millrace'
  readonly #options: StreamsAssignorOptions
  /** The instances of the generation that we were last told of; whoever leads the next one compares. */
  #instances: readonly string[] = []

  constructor(options: StreamsAssignorOptions) {
    this.#options = options
  }

  subscription(): { topics: readonly string[]; userData: Buffer } {
    const { topology, applicationId, storedTasks, instanceId } = this.#options
    const topics = topology.subtopologies.flatMap(({ sourceTopics }) =>
      sourceTopics.map((topic) => topicName(topic, applicationId)),
    )
    const instance = instanceId === undefined ? {} : { instance: instanceId }
    const state: MemberState = { version: 1, stored: storedTasks(), ...instance }
    return { topics: [...new Set(topics)].sort(), userData: Buffer.from(JSON.stringify(state)) }
  }

  async assign(members: readonly GroupMemberInfo[]): Promise<ReadonlyMap<string, MemberAssignment>> {
    const plan = await this.#options.plan()
    const states = members.map((member) => ({ member, state: readJson<MemberState>(member.userData) }))
    const shares = assignTasks(
      plan.tasks,
      states.map(({ member, state }) => ({
        memberId: member.memberId,
        owned: new Set(this.tasksOf(member.ownedPartitions).map(taskName)),
        stored: new Set(Array.isArray(state.stored) ? state.stored : []),
      })),
    )
    const instances = states.flatMap(({ state }) => (typeof state.instance === 'string' ? state.instance : []))
    const departed = this.#instances.filter((instance) => !instances.includes(instance))
    const groupState: GroupState = { version: 1, instances, departed }
    const userData = Buffer.from(JSON.stringify(groupState))
    return new Map(
      [...shares].map(([memberId, tasks]) => [
        memberId,
        { partitions: tasks.flatMap((task) => this.partitionsOf(task, plan)), userData },
      ]),
    )
  }

  /** Takes in what the leader sent along with an assignment. Returns the instances that are gone since the generation before. */
  learn(userData: Buffer): readonly string[] {
    const { instances, departed } = readJson<GroupState>(userData)
    this.#instances = Array.isArray(instances) ? instances : []
    return Array.isArray(departed) ? departed : []
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

// Data that cannot be read costs stickiness, or the time until a transaction times out, nothing else.
function readJson<T>(userData: Buffer): Partial<T> {
  try {
    return (JSON.parse(userData.toString()) as Partial<T> | null) ?? {}
  } catch {
    return {}
  }
}
