import type { ConsumedRecord } from '../../core/record.ts'
import type { Client, ClientContext, ClientSupplier, IsolationLevel } from '../client.ts'
import { BrokerResponseError } from '../errors.ts'
import { errorCodes, errorName } from '../protocol/error-codes.ts'
import { FetchedRecords } from '../protocol/fetched-records.ts'
import type { BatchHeader } from '../protocol/record-batch.ts'
import type { Wire, WireFactory, WirePurpose } from '../wire.ts'
import { wireClient } from '../wire-client.ts'
import { BrokerState } from './broker-state.ts'
import { compact } from './compaction.ts'
import { type FaultHook, Faults } from './faults.ts'
import { handlersOf } from './handlers/index.ts'
import { MemoryWire, type WireContext } from './memory-wire.ts'
import type { PartitionLog } from './partition-log.ts'
import type { CoordinatorType } from './placement.ts'
import { clusterSettings, type MemoryClusterOptions } from './settings.ts'
import { problemWithTopicConfigs } from './topic-configs.ts'
import { problemWithTopicName } from './topic-names.ts'
import type { Topic } from './topics.ts'

export interface MemoryTopicOptions {
  /** Default 1. */
  readonly partitions?: number
  /** Topic configurations by Kafka's names; what is absent has Kafka's default. */
  readonly configs?: Readonly<Record<string, string>>
}

/** The state of a partition, as tests look at it. */
export interface PartitionView {
  readonly logStartOffset: number
  /** The offset that the next record gets; nothing is replicated, so it is the high watermark as well. */
  readonly logEndOffset: number
  readonly lastStableOffset: number
  /** The headers of all batches, control batches and emptied ones included. */
  readonly batches: readonly BatchHeader[]
  readonly leader: number
}

/**
 * A Kafka cluster in this process: a broker model behind the same wires as a real one, so that all client code above runs unchanged. Nothing is
 * stored: the cluster is gone with the process.
 *
 * Deterministic: with a VirtualClock the same calls give the same run, ids included. Nothing happens by itself but what time brings (session and
 * transaction time-outs): logs are compacted when `compact` is called, and no records expire.
 */
export class MemoryCluster implements ClientSupplier, WireFactory {
  readonly #state: BrokerState
  readonly #faults = new Faults()
  readonly #wires: WireContext

  constructor(options: MemoryClusterOptions) {
    this.#state = new BrokerState(clusterSettings(options))
    this.#wires = { state: this.#state, handlers: handlersOf(this.#state), faults: this.#faults }
  }

  get clusterId(): string {
    return this.#state.settings.clusterId
  }

  connect(context: ClientContext): Client {
    return wireClient({ open: (purpose) => this.open(purpose, context.clientId) }, context)
  }

  /** @param clientId - Named to fault hooks, and the beginning of member ids. */
  open(purpose: WirePurpose, clientId = 'memory'): Wire {
    return new MemoryWire(this.#wires, purpose, clientId)
  }

  /**
   * Creates a topic, ready at once.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE`: the topic exists, or its name, partition count or a configuration is not allowed.
   */
  createTopic(name: string, options: MemoryTopicOptions = {}): void {
    const configs = new Map(Object.entries(options.configs ?? {}))
    const partitions = options.partitions ?? 1
    const badName = problemWithTopicName(name)
    if (badName !== undefined) throw refused(errorCodes.INVALID_TOPIC_EXCEPTION, badName)
    if (this.#state.topics.get(name) !== undefined) {
      throw refused(errorCodes.TOPIC_ALREADY_EXISTS, `topic '${name}' exists already`)
    }
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw refused(errorCodes.INVALID_PARTITIONS, `a topic cannot have ${partitions} partitions`)
    }
    const badConfig = problemWithTopicConfigs(configs)
    if (badConfig !== undefined) throw refused(errorCodes.INVALID_CONFIG, badConfig)
    this.#state.topics.create(name, partitions, configs)
  }

  /** Deletes a topic, with its records and the offsets committed for it. */
  deleteTopic(name: string): void {
    this.#state.deleteTopic(this.#topic(name))
  }

  /** How many partitions a topic has; 0 if there is none of this name. */
  partitionCount(name: string): number {
    return this.#state.topics.get(name)?.partitions.length ?? 0
  }

  /** Adds partitions up to a total. */
  createPartitions(name: string, partitionCount: number): void {
    const topic = this.#topic(name)
    if (!Number.isInteger(partitionCount) || partitionCount <= topic.partitions.length) {
      const message = `topic '${name}' has ${topic.partitions.length} partitions, ${partitionCount} would not be more`
      throw refused(errorCodes.INVALID_PARTITIONS, message)
    }
    this.#state.topics.addPartitions(topic, partitionCount)
  }

  /**
   * Compacts all partitions of a topic now, whatever its clean-up policy, up to the first open transaction. Of each key the last record stays;
   * aborted records go; tombstones go `delete.retention.ms` after the compaction that first met them. Batches that lose all their records go too,
   * but for the last of each producer and the last of the log, which stay without records.
   */
  compact(name: string): void {
    const topic = this.#topic(name)
    for (const log of topic.partitions) compact(log, this.#state.clock.now(), topic.logConfig.deleteRetentionMs)
  }

  /**
   * Deletes the records before an offset, whatever the topic's clean-up policy, as retention would.
   *
   * @throws BrokerResponseError `STREAMS_BROKER_RESPONSE` OFFSET_OUT_OF_RANGE: the offset lies beyond the log end.
   */
  deleteRecordsBefore(topic: string, partition: number, offset: number): void {
    const log = this.#log(topic, partition)
    if (!(offset <= log.logEndOffset)) {
      throw refused(errorCodes.OFFSET_OUT_OF_RANGE, `offset ${offset}, the log ends at ${log.logEndOffset}`)
    }
    log.deleteBefore(offset)
  }

  /** The records, from an offset on, that a reader of this isolation level would get, in offset order. */
  records(
    topic: string,
    partition: number,
    isolation: IsolationLevel = 'read_committed',
    fromOffset = 0,
  ): ConsumedRecord[] {
    const log = this.#log(topic, partition)
    const fetchOffset = Math.max(fromOffset, log.logStartOffset)
    const { records, abortedTransactions } = log.read(fetchOffset, Number.MAX_SAFE_INTEGER, isolation, true)
    const fetched = new FetchedRecords(records, { topic, partition, fetchOffset, abortedTransactions })
    const all: ConsumedRecord[] = []
    for (let record = fetched.next(); record !== undefined; record = fetched.next()) all.push(record)
    return all
  }

  partition(topic: string, partition: number): PartitionView {
    const log = this.#log(topic, partition)
    const { logStartOffset, logEndOffset, lastStableOffset, leader } = log
    return {
      logStartOffset,
      logEndOffset,
      lastStableOffset,
      leader,
      // Made when asked for: whoever only looks how far a log reaches does so often.
      get batches() {
        return Array.from({ length: log.batches.count }, (_, index) => log.batches.at(index)!.header)
      },
    }
  }

  /**
   * Lets things go wrong between clients and nodes. The hook is asked about each request as it is sent.
   *
   * @returns How to remove the hook.
   * @example
   * // The commit takes effect, and its producer does not learn of it.
   * const mend = cluster.intercept(({ api }) => (api === 'endTxn' ? { dropResponse: 'disconnect' } : undefined))
   */
  intercept(hook: FaultHook): () => void {
    return this.#faults.add(hook)
  }

  /** Makes another node the leader of a partition; the former one answers NOT_LEADER_OR_FOLLOWER from now on. */
  moveLeader(topic: string, partition: number, node: number): void {
    const log = this.#log(topic, partition)
    log.leader = this.#node(node)
    log.leaderEpoch++
    log.changed()
  }

  /** Makes another node the coordinator of a group or a transactional id; members and transactions stay. */
  moveCoordinator(type: CoordinatorType, key: string, node: number): void {
    this.#state.placement.moveCoordinator(type, key, this.#node(node))
  }

  #topic(name: string): Topic {
    const topic = this.#state.topics.get(name)
    if (topic === undefined) throw refused(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic '${name}'`)
    return topic
  }

  #log(topic: string, partition: number): PartitionLog {
    const log = this.#topic(topic).partitions[partition]
    if (log === undefined)
      throw refused(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, `'${topic}' has no partition ${partition}`)
    return log
  }

  #node(node: number): number {
    if (this.#state.placement.isNode(node)) return node
    throw refused(errorCodes.BROKER_NOT_AVAILABLE, `there is no node ${node}`)
  }
}

function refused(errorCode: number, problem: string): BrokerResponseError {
  const name = errorName(errorCode)
  return new BrokerResponseError(name, errorCode, `The cluster in memory refuses this (${name}): ${problem}`)
}
