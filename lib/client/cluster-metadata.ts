// Flow: who needs to know where a partition lives → [cluster-metadata] → Wire.
import type { TopicPartition } from '../core/record.ts'
import { onTopic, unauthorized } from './authorization.ts'
import type { ClientContext, ClusterDescription, PartitionDescription, TopicDescription } from './client.ts'
import { BrokerResponseError, UnknownTopicError } from './errors.ts'
import { isOutage } from './outage.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'
import type { NodeTarget, Wire } from './wire.ts'

const UNKNOWN_TOPIC_PATIENCE_MS = 5_000
/** Cached answers about partition counts grow stale: partitions may be added. */
export const METADATA_MAX_AGE_MS = 300_000
/** Most topics that one Metadata request asks for. */
const MAX_TOPICS_PER_REQUEST = 500
const NO_TOPIC_ID = '0'.repeat(32)
/** How long a node may take that is asked to confirm what another has said. Milliseconds; at most a quarter of the request time-out. */
const WITNESS_TIMEOUT_MS = 1_000
/** Nodes that are asked when the first one does not know a topic, or nothing new about it: at least one of them is not that first one. */
const WITNESS_COUNT = 2
const BRIEF_TIMEOUT_MS = 5_000
const UNKNOWN_EPOCH = -1

/** A topic that was created a moment ago may not have reached every broker: for this long "unknown" is asked again. Milliseconds. */
export function unknownTopicPatienceMs(context: ClientContext): number {
  return Math.min(UNKNOWN_TOPIC_PATIENCE_MS, context.requestTimeoutMs / 2)
}

/** The lead of a partition, from one election to the next. */
export interface Leadership extends TopicPartition {
  /** Counts the partition's elections; -1: not known. */
  readonly epoch: number
}

/**
 * For a question that any node answers from memory, in milliseconds: a node that stands still shall not take the time in which another could be
 * asked. At most half of the request time-out, so that a lost answer leaves those who ask the time to ask again.
 */
export function briefTimeoutMs(context: ClientContext): number {
  return Math.ceil(Math.min(BRIEF_TIMEOUT_MS, context.requestTimeoutMs / 2))
}

type MetadataResponse = ResponseOf<'metadata'>
type TopicMetadata = MetadataResponse['topics'][number]

interface KnownTopic {
  readonly description: TopicDescription
  /** By partition; -1: none at the moment. */
  readonly leaders: readonly number[]
  readonly atMs: number
}

/** By topic, what a response said of it: the topic, or an error code. */
type Answers = ReadonlyMap<string, KnownTopic | number>

/**
 * Which topics exist, how many partitions they have, and which node leads each partition: asked when needed, then remembered until
 * `invalidate`. Questions that meet in one turn of the event loop share a request.
 */
export class ClusterMetadata {
  readonly #wire: Wire
  readonly #context: ClientContext
  readonly #topics = new Map<string, KnownTopic>()
  /** What was known of topics until `invalidate`. */
  readonly #doubted = new Map<string, KnownTopic>()
  #cluster: ClusterDescription | undefined
  #brokers = 'addresses not known yet'
  #turn = 0
  #waiting: { readonly topics: Set<string>; readonly response: Promise<Answers> } | undefined

  constructor(wire: Wire, context: ClientContext) {
    this.#wire = wire
    this.#context = context
  }

  /** The cluster's own id, which no other cluster has. */
  async clusterId(): Promise<string> {
    return (this.#cluster ?? (await this.cluster())).clusterId
  }

  /** A node that takes requests which change the cluster: the controller, or a broker that forwards to it. */
  async controller(timeoutMs?: number): Promise<number> {
    return (await this.cluster(timeoutMs)).controllerId
  }

  /** The cluster as it is now; always asks it, for at most `timeoutMs` (default: the request time-out). */
  async cluster(timeoutMs = this.#context.requestTimeoutMs): Promise<ClusterDescription> {
    const ask = async (): Promise<ClusterDescription | Retry> => {
      await this.#request([])
      return this.#cluster ?? new Retry(new Error('the answer describes none'))
    }
    return retrying(this.#context, 'Describing the cluster', ask, { timeoutMs })
  }

  /** `host:port` of the brokers that the last response named, for messages. */
  get brokers(): string {
    return this.#brokers
  }

  /** From the cache only. */
  cachedLeader(topic: string, partition: number): number | undefined {
    const leader = this.#topics.get(topic)?.leaders[partition]
    return leader === undefined || leader < 0 ? undefined : leader
  }

  /** The epoch in which the cached leader leads; -1: not known. From the cache only. */
  cachedEpoch(topic: string, partition: number): number {
    return this.#topics.get(topic)?.description.partitions[partition]?.leaderEpoch ?? UNKNOWN_EPOCH
  }

  /**
   * Whether a node leads these partitions by the word of another node, asked now. A leader that stands still (its machine is suspended, say) while
   * another takes its place does not know of it when it wakes up, and answers what it has been asked meanwhile out of its old log. So its word
   * about where a log ends counts only with a witness. True where there is no other node.
   *
   * @throws ConnectionError, RequestTimeoutError: the other node does not answer; the next call asks another one, if there is.
   */
  async confirms(node: number, leaderships: readonly Leadership[]): Promise<boolean> {
    const witness = this.#nextNode(node)
    if (witness === undefined || leaderships.length === 0) return true
    const answers = await this.#askWitness(witness, new Set(leaderships.map(({ topic }) => topic)))
    return leaderships.every(({ topic, partition, epoch }) => {
      const answer = answers.get(topic)
      if (answer === undefined || typeof answer === 'number') return false
      const { leader, leaderEpoch } = answer.description.partitions[partition] ?? { leader: null, leaderEpoch: -1 }
      return leader === node && (epoch === UNKNOWN_EPOCH || epoch === leaderEpoch)
    })
  }

  /**
   * The node that leads a partition; asks the cluster until there is one.
   *
   * @throws UnknownTopicError `STREAMS_UNKNOWN_TOPIC`: after a patience of 5 s, or half the request time-out.
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: the topic has no such partition.
   * @throws AuthorizationError `STREAMS_AUTHORIZATION`: the topic may not be described.
   * @throws BrokerUnavailableError `STREAMS_BROKER_UNAVAILABLE`: no broker, or no leader, within `timeoutMs` (default: the request time-out).
   */
  async leader(topic: string, partition: number, timeoutMs = this.#context.requestTimeoutMs): Promise<number> {
    const cached = this.cachedLeader(topic, partition)
    if (cached !== undefined) return cached
    const read = ({ leaders, description }: KnownTopic): number | Retry | NoSuchPartition => {
      const leader = leaders[partition]
      if (leader === undefined) return new NoSuchPartition(topic, partition, description.partitionCount)
      return leader >= 0 ? leader : new Retry(new Error(`${topic}-${partition} has no leader`))
    }
    return this.#ask(topic, `Finding the leader of ${topic}-${partition}`, read, timeoutMs)
  }

  /**
   * How many partitions the topic has; an answer is at most 5 min old.
   *
   * @throws UnknownTopicError `STREAMS_UNKNOWN_TOPIC`: after a patience of 5 s, or half the request time-out.
   */
  async partitionCount(topic: string): Promise<number> {
    const known = this.#topics.get(topic)
    if (known !== undefined && this.#context.clock.monotonicMs() - known.atMs < METADATA_MAX_AGE_MS) {
      return known.description.partitionCount
    }
    const what = `Counting the partitions of topic '${topic}'`
    return this.#ask(topic, what, ({ description }) => description.partitionCount)
  }

  /** The topics that exist now, by name; always asks the cluster. Topics that do not exist are absent. */
  async describe(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const described = new Map<string, TopicDescription>()
    for (let from = 0; from < topics.length; from += MAX_TOPICS_PER_REQUEST) {
      const some = topics.slice(from, from + MAX_TOPICS_PER_REQUEST)
      await retrying(this.#context, `Describing ${some.length} topics`, async () => {
        const answers = await this.#request(some)
        for (const topic of some) {
          const answer = answers.get(topic) ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
          if (typeof answer !== 'number') described.set(topic, answer.description)
          else if (answer === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) described.delete(topic)
          else return retryOrThrow(topic, answer)
        }
        return undefined
      })
    }
    return described
  }

  /** All topics that this client may see, by name; always asks the cluster. */
  async describeAll(): Promise<ReadonlyMap<string, TopicDescription>> {
    return retrying(this.#context, 'Listing the topics', async () => {
      const described = new Map<string, TopicDescription>()
      for (const [topic, answer] of await this.#send(null)) {
        if (typeof answer !== 'number') described.set(topic, answer.description)
        else if (answer !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION) return retryOrThrow(topic, answer)
      }
      return described
    })
  }

  /** Forgets a topic's leaders (all topics', if undefined), so that the next question asks the cluster. */
  invalidate(topic?: string): void {
    for (const [name, known] of topic === undefined ? this.#topics : [[topic, this.#topics.get(topic)] as const]) {
      if (known === undefined) continue
      this.#topics.delete(name)
      this.#doubted.set(name, known)
    }
  }

  async #ask<T>(
    topic: string,
    what: string,
    read: (known: KnownTopic) => T | Retry | NoSuchPartition,
    timeoutMs = this.#context.requestTimeoutMs,
  ): Promise<T> {
    const clock = this.#context.clock
    const startMs = clock.monotonicMs()
    const once = async (): Promise<T | Retry> => {
      const answer = (await this.#request([topic])).get(topic) ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      const patient = clock.monotonicMs() - startMs < unknownTopicPatienceMs(this.#context)
      if (answer === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) {
        const unknown = new UnknownTopicError(topic, this.#brokers)
        if (!patient) throw unknown
        return new Retry(unknown)
      }
      if (typeof answer === 'number') return retryOrThrow(topic, answer)
      const result = read(answer)
      if (!(result instanceof NoSuchPartition)) return result
      if (!patient) throw result.error()
      return new Retry(result.error())
    }
    return retrying<T>(this.#context, what, once, { timeoutMs })
  }

  // One request for all that ask before the microtask in which it leaves.
  async #request(topics: readonly string[]): Promise<Answers> {
    const full = this.#waiting !== undefined && this.#waiting.topics.size + topics.length > MAX_TOPICS_PER_REQUEST
    if (this.#waiting === undefined || full) {
      const asked = new Set<string>()
      this.#waiting = { topics: asked, response: this.#send(asked).then((answers) => this.#withWitnesses(answers)) }
    }
    for (const topic of topics) this.#waiting.topics.add(topic)
    return this.#waiting.response
  }

  // A node that has just come back, or stands apart from the others, may not know what they know: a topic, or that a leader has gone.
  async #withWitnesses(answers: Answers): Promise<Answers> {
    const best = new Map(answers)
    const nodeCount = this.#cluster?.nodes.length ?? 0
    for (let i = 0; nodeCount > 1 && i < WITNESS_COUNT; i++) {
      const poor = [...best].filter(([topic, answer]) => this.#isPoor(topic, answer)).map(([topic]) => topic)
      const witness = this.#nextNode()
      if (poor.length === 0 || witness === undefined) break
      try {
        for (const [topic, answer] of await this.#askWitness(witness, new Set(poor))) {
          if (!this.#isPoor(topic, answer)) best.set(topic, answer)
        }
      } catch (error) {
        if (!isOutage(error)) throw error
      }
    }
    for (const [topic, answer] of best) if (typeof answer !== 'number') this.#topics.set(topic, answer)
    return best
  }

  // Whether it says that there is no such topic, or nothing that was not known already when the topic's leaders were doubted.
  #isPoor(topic: string, answer: KnownTopic | number): boolean {
    if (typeof answer === 'number') return answer === errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    const doubted = this.#doubted.get(topic)?.description
    if (doubted?.topicId !== answer.description.topicId) return false
    return answer.description.partitions.every(({ leaderEpoch }, i) => {
      return leaderEpoch <= (doubted.partitions[i]?.leaderEpoch ?? UNKNOWN_EPOCH)
    })
  }

  #askWitness(node: number, topics: ReadonlySet<string>): Promise<Answers> {
    return this.#send(topics, node, Math.ceil(Math.min(WITNESS_TIMEOUT_MS, this.#context.requestTimeoutMs / 4)))
  }

  // The nodes in turn: who could not be asked is not the only one who is.
  #nextNode(except?: number): number | undefined {
    const others = (this.#cluster?.nodes ?? []).filter(({ nodeId }) => nodeId !== except)
    return others[this.#turn++ % others.length]?.nodeId
  }

  // Null: all topics, of which there may be many.
  async #send(
    topics: ReadonlySet<string> | null,
    node: NodeTarget = 'any',
    timeoutMs = topics === null ? Math.ceil(this.#context.requestTimeoutMs / 2) : briefTimeoutMs(this.#context),
  ): Promise<Answers> {
    await Promise.resolve()
    if (this.#waiting?.topics === topics) this.#waiting = undefined
    const request = {
      topics: topics === null ? null : [...topics].map((name) => ({ topicId: NO_TOPIC_ID, name })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    }
    return this.#learn(await this.#wire.send(node, 'metadata', request, { timeoutMs }))
  }

  #learn(response: MetadataResponse): Answers {
    const { clusterId, controllerId, brokers: nodes } = response
    this.#cluster = { clusterId: clusterId ?? '', controllerId, nodes }
    this.#brokers = nodes.map(({ host, port }) => `${host}:${port}`).join(', ')
    const atMs = this.#context.clock.monotonicMs()
    const answers = new Map<string, KnownTopic | number>()
    for (const metadata of response.topics) {
      const { errorCode, partitions } = metadata
      const topic = metadata.name ?? ''
      if (errorCode !== errorCodes.NONE) {
        this.#topics.delete(topic)
        answers.set(topic, errorCode)
        continue
      }
      // Keys are spread over as many partitions as there are listed: a list with gaps or doubles is none.
      if (!areNumbered(partitions)) {
        this.#topics.delete(topic)
        answers.set(topic, errorCodes.LEADER_NOT_AVAILABLE)
        continue
      }
      const leaders = new Array<number>(partitions.length).fill(-1)
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId
      const known = { description: describeTopic(topic, metadata), leaders, atMs }
      this.#topics.set(topic, known)
      answers.set(topic, known)
    }
    return answers
  }
}

/** Whether each number from 0 on occurs once. */
function areNumbered(partitions: TopicMetadata['partitions']): boolean {
  const numbers = new Set(partitions.map(({ partitionIndex }) => partitionIndex))
  return numbers.size === partitions.length && partitions.every((_, number) => numbers.has(number))
}

function describeTopic(topic: string, { topicId, isInternal, partitions }: TopicMetadata): TopicDescription {
  const described = partitions.map(describePartition).sort((a, b) => a.partition - b.partition)
  return { topic, topicId, isInternal, partitionCount: partitions.length, partitions: described }
}

function describePartition(partition: TopicMetadata['partitions'][number]): PartitionDescription {
  return {
    partition: partition.partitionIndex,
    leader: partition.leaderId < 0 ? null : partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    inSyncReplicas: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
  }
}

class NoSuchPartition {
  readonly error: () => Error

  constructor(topic: string, partition: number, partitionCount: number) {
    this.error = () => {
      const code = errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      const range = `0 to ${partitionCount - 1}`
      const message = `Topic '${topic}' has no partition ${partition}: its partitions are ${range}.`
      return new BrokerResponseError(errorName(code), code, message)
    }
  }
}

function retryOrThrow(topic: string, code: number): Retry {
  const name = errorName(code)
  if (isRetriable(code)) return new Retry(new Error(`topic '${topic}': ${name}`))
  const forbidden = unauthorized(`Describing topic '${topic}'`, code, [onTopic(topic, 'DESCRIBE')])
  throw forbidden ?? new BrokerResponseError(name, code, `The broker will not describe topic '${topic}': ${name}.`)
}
