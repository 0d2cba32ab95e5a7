// Flow: who needs to know where a partition lives → [cluster-metadata] → Wire.
import { onTopic, unauthorized } from './authorization.ts'
import type { ClientContext, TopicDescription } from './client.ts'
import { BrokerResponseError, UnknownTopicError } from './errors.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'
import type { Wire } from './wire.ts'

const UNKNOWN_TOPIC_PATIENCE_MS = 5_000
/** Cached answers about partition counts grow stale: partitions may be added. */
export const METADATA_MAX_AGE_MS = 300_000
/** Most topics that one Metadata request asks for. */
const MAX_TOPICS_PER_REQUEST = 500
const NO_TOPIC_ID = '0'.repeat(32)

/** A topic that was created a moment ago may not have reached every broker: for this long "unknown" is asked again. Milliseconds. */
export function unknownTopicPatienceMs(context: ClientContext): number {
  return Math.min(UNKNOWN_TOPIC_PATIENCE_MS, context.requestTimeoutMs / 2)
}

type MetadataResponse = ResponseOf<'metadata'>

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
  #clusterId: string | undefined
  #controllerId = -1
  #brokers = 'addresses not known yet'
  #waiting: { readonly topics: Set<string>; readonly response: Promise<Answers> } | undefined

  constructor(wire: Wire, context: ClientContext) {
    this.#wire = wire
    this.#context = context
  }

  /** The cluster's own id, which no other cluster has. */
  async clusterId(): Promise<string> {
    if (this.#clusterId === undefined) {
      await retrying(this.#context, 'Asking for the cluster id', () => this.#request([]))
    }
    return this.#clusterId ?? ''
  }

  /** A node that takes requests which change the cluster: the controller, or a broker that forwards to it. */
  async controller(): Promise<number> {
    await retrying(this.#context, 'Asking for the controller', () => this.#request([]))
    return this.#controllerId
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

  /**
   * The node that leads a partition; asks the cluster until there is one.
   *
   * @throws UnknownTopicError `STREAMS_UNKNOWN_TOPIC`: after a patience of 5 s, or half the request time-out.
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: the topic has no such partition.
   * @throws AuthorizationError `STREAMS_AUTHORIZATION`: the topic may not be described.
   * @throws BrokerUnavailableError `STREAMS_BROKER_UNAVAILABLE`: no broker, or no leader, within the request time-out.
   */
  async leader(topic: string, partition: number): Promise<number> {
    const cached = this.cachedLeader(topic, partition)
    if (cached !== undefined) return cached
    return this.#ask(topic, `Finding the leader of ${topic}-${partition}`, ({ leaders, description }) => {
      const leader = leaders[partition]
      if (leader === undefined) return new NoSuchPartition(topic, partition, description.partitionCount)
      return leader >= 0 ? leader : new Retry(new Error(`${topic}-${partition} has no leader`))
    })
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

  /** Forgets a topic's leaders (all topics', if undefined), so that the next question asks the cluster. */
  invalidate(topic?: string): void {
    if (topic === undefined) this.#topics.clear()
    else this.#topics.delete(topic)
  }

  async #ask<T>(topic: string, what: string, read: (known: KnownTopic) => T | Retry | NoSuchPartition): Promise<T> {
    const clock = this.#context.clock
    const startMs = clock.monotonicMs()
    return retrying<T>(this.#context, what, async () => {
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
    })
  }

  // One request for all that ask before the microtask in which it leaves.
  async #request(topics: readonly string[]): Promise<Answers> {
    const full = this.#waiting !== undefined && this.#waiting.topics.size + topics.length > MAX_TOPICS_PER_REQUEST
    if (this.#waiting === undefined || full) {
      const asked = new Set<string>()
      this.#waiting = { topics: asked, response: this.#send(asked) }
    }
    for (const topic of topics) this.#waiting.topics.add(topic)
    return this.#waiting.response
  }

  async #send(topics: ReadonlySet<string>): Promise<Answers> {
    await Promise.resolve()
    if (this.#waiting?.topics === topics) this.#waiting = undefined
    const request = {
      topics: [...topics].map((name) => ({ topicId: NO_TOPIC_ID, name })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    }
    // Half, so that a lost answer leaves those who ask the time to ask again.
    const timeoutMs = Math.ceil(this.#context.requestTimeoutMs / 2)
    return this.#learn(await this.#wire.send('any', 'metadata', request, { timeoutMs }))
  }

  #learn(response: MetadataResponse): Answers {
    this.#clusterId = response.clusterId ?? ''
    this.#controllerId = response.controllerId
    this.#brokers = response.brokers.map(({ host, port }) => `${host}:${port}`).join(', ')
    const atMs = this.#context.clock.monotonicMs()
    const answers = new Map<string, KnownTopic | number>()
    for (const { name, errorCode, topicId, partitions } of response.topics) {
      const topic = name ?? ''
      if (errorCode !== errorCodes.NONE) {
        this.#topics.delete(topic)
        answers.set(topic, errorCode)
        continue
      }
      const partitionCount = partitions.length
      const leaders = new Array<number>(partitionCount).fill(-1)
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId
      const known = { description: { topic, topicId, partitionCount }, leaders, atMs }
      this.#topics.set(topic, known)
      answers.set(topic, known)
    }
    return answers
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
