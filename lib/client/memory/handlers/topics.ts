import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { problemWithTopicConfigs } from '../topic-configs.ts'
import { isInternalTopic, namesCollide, problemWithTopicName } from '../topic-names.ts'

type NewTopic = RequestOf<'createTopics'>['topics'][number]
type MorePartitions = RequestOf<'createPartitions'>['topics'][number]

const BROKER_DEFAULT = -1
/** `num.partitions` of a broker. */
const DEFAULT_PARTITION_COUNT = 1

interface Outcome {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

export function createTopics(state: BrokerState): Handler<'createTopics'> {
  return answer(({ topics, validateOnly }) => ({
    throttleTimeMs: 0,
    topics: onceEach(topics).map((topic) => {
      if (topic.isRepeated) return outcome(topic.name, errorCodes.INVALID_REQUEST, 'Duplicate topic name.')
      return createTopic(state, topic, validateOnly)
    }),
  }))
}

function createTopic(state: BrokerState, topic: NewTopic, validateOnly: boolean): Outcome {
  const { name, assignments } = topic
  const withoutValue = topic.configs.find(({ value }) => value === null)
  if (withoutValue !== undefined) {
    return outcome(name, errorCodes.INVALID_CONFIG, `Null value not supported for topic configs: ${withoutValue.name}`)
  }
  const configs = new Map(topic.configs.map((config) => [config.name, config.value ?? '']))
  const problem = problemWithNewTopic(state, topic, configs)
  if (problem !== undefined) return outcome(name, problem[0], problem[1])
  if (validateOnly) return outcome(name)
  const requestedCount = topic.numPartitions === BROKER_DEFAULT ? DEFAULT_PARTITION_COUNT : topic.numPartitions
  const created = state.topics.create(name, assignments.length > 0 ? assignments.length : requestedCount, configs)
  for (const { partitionIndex, brokerIds } of assignments) created.partitions[partitionIndex]!.leader = brokerIds[0]!
  return outcome(name)
}

type Problem = readonly [errorCode: number, message: string]

function problemWithNewTopic(
  state: BrokerState,
  topic: NewTopic,
  configs: ReadonlyMap<string, string>,
): Problem | undefined {
  const { name, replicationFactor, numPartitions, assignments } = topic
  const badName = problemWithTopicName(name)
  if (badName !== undefined) return [errorCodes.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: ${badName}`]
  if (state.topics.get(name) !== undefined || isInternalTopic(name)) {
    return [errorCodes.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`]
  }
  const colliding = state.topics.all().find((other) => namesCollide(other.name, name))
  if (colliding !== undefined) {
    const message = `Topic '${name}' collides with existing topic: ${colliding.name}`
    return [errorCodes.INVALID_TOPIC_EXCEPTION, message]
  }
  const badConfig = problemWithTopicConfigs(configs)
  if (badConfig !== undefined) return [errorCodes.INVALID_CONFIG, badConfig]
  if (assignments.length > 0) return problemWithAssignments(state, topic)
  const factor = replicationFactor === BROKER_DEFAULT ? state.settings.defaultReplicationFactor : replicationFactor
  const nodeCount = state.placement.nodeIds.length
  if (factor < 1 || factor > nodeCount) {
    const message = `Unable to replicate the partition ${factor} time(s): there are ${nodeCount} brokers.`
    return [errorCodes.INVALID_REPLICATION_FACTOR, message]
  }
  if (numPartitions < BROKER_DEFAULT || numPartitions === 0) {
    return [errorCodes.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.']
  }
  return undefined
}

function problemWithAssignments(state: BrokerState, { assignments, ...topic }: NewTopic): Problem | undefined {
  if (topic.replicationFactor !== BROKER_DEFAULT || topic.numPartitions !== BROKER_DEFAULT) {
    return [errorCodes.INVALID_REQUEST, 'With a manual assignment, partitions and replication factor must be -1.']
  }
  const indexes = assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b)
  const nodesExist = assignments.every(
    ({ brokerIds }) => brokerIds.length > 0 && brokerIds.every((node) => state.placement.isNode(node)),
  )
  if (nodesExist && indexes.every((index, position) => index === position)) return undefined
  return [
    errorCodes.INVALID_REPLICA_ASSIGNMENT,
    'Assignments must name partitions 0, 1, … once each, and existing brokers.',
  ]
}

export function deleteTopics(state: BrokerState): Handler<'deleteTopics'> {
  return answer(({ topicNames }) => ({
    throttleTimeMs: 0,
    responses: onceEach(topicNames.map((name) => ({ name }))).map(({ name, isRepeated }) => {
      const topic = state.topics.get(name)
      if (isRepeated) return { name, errorCode: errorCodes.INVALID_REQUEST }
      if (topic === undefined) return { name, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
      state.deleteTopic(topic)
      return { name, errorCode: errorCodes.NONE }
    }),
  }))
}

export function createPartitions(state: BrokerState): Handler<'createPartitions'> {
  return answer(({ topics, validateOnly }) => ({
    throttleTimeMs: 0,
    results: onceEach(topics).map((topic) => {
      if (topic.isRepeated) return outcome(topic.name, errorCodes.INVALID_REQUEST, 'Duplicate topic name.')
      return addPartitions(state, topic, validateOnly)
    }),
  }))
}

function addPartitions(
  state: BrokerState,
  { name, count, assignments }: MorePartitions,
  validateOnly: boolean,
): ResponseOf<'createPartitions'>['results'][number] {
  const topic = state.topics.get(name)
  if (topic === undefined) return outcome(name, errorCodes.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.')
  const presentCount = topic.partitions.length
  if (count <= presentCount) {
    const message = `The topic ${name} currently has ${presentCount} partition(s); ${count} would not be an increase.`
    return outcome(name, errorCodes.INVALID_PARTITIONS, message)
  }
  if (assignments !== null && assignments.length !== count - presentCount) {
    return outcome(name, errorCodes.INVALID_REPLICA_ASSIGNMENT, 'One assignment per new partition is needed.')
  }
  if (validateOnly) return outcome(name)
  state.topics.addPartitions(topic, count)
  assignments?.forEach(({ brokerIds }, index) => {
    topic.partitions[presentCount + index]!.leader = brokerIds[0]!
  })
  return outcome(name)
}

// Who is named twice is answered once, with an error.
function onceEach<T extends { readonly name: string }>(items: readonly T[]): readonly (T & { isRepeated: boolean })[] {
  const byName = new Map<string, T & { isRepeated: boolean }>()
  for (const item of items) byName.set(item.name, { ...item, isRepeated: byName.has(item.name) })
  return [...byName.values()]
}

function outcome(name: string, errorCode: number = errorCodes.NONE, errorMessage: string | null = null): Outcome {
  return { name, errorCode, errorMessage }
}
