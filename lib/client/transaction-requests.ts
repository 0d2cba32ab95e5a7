// Flow: transaction → [transaction-requests] → Wire: what a transactional producer asks its two coordinators, each until it has an answer.
import { InvalidConfigError, StreamsError } from '../core/errors.ts'
import type { TopicPartition } from '../core/record.ts'
import { onGroup, onTopic, type Permission } from './authorization.ts'
import type { ClientContext, GroupMetadata, OffsetCommit } from './client.ts'
import { type ClusterMetadata, unknownTopicPatienceMs } from './cluster-metadata.ts'
import type { Coordinators, CoordinatorType } from './coordinators.ts'
import { CommitOutcomeUnknownError, FencedInstanceError, StaleMemberError, UnknownTopicError } from './errors.ts'
import { byTopic, partitionNames, unanswered } from './group-partitions.ts'
import { identityIn } from './idempotent-id.ts'
import type { ProducerIdentity } from './producer-batch.ts'
import { refused } from './producer-errors.ts'
import type { RequestOf } from './protocol/apis.ts'
import { errorCodes, errorName, isRefusal, isRetriable } from './protocol/error-codes.ts'
import { type Attempt, Retry, type RetryOptions, retrying } from './retry.ts'
import { brokerLimit } from './topic-limits.ts'
import type { TransactionVersion } from './transaction-version.ts'
import type { Wire } from './wire.ts'

/** The previous transaction's markers are still being written: a matter of milliseconds. */
const CONCURRENT_FIRST_DELAY_MS = 1
const CONCURRENT_MAX_DELAY_MS = 20
const MAX_TIMEOUT = 'transaction.max.timeout.ms'

const movedCoordinator: ReadonlySet<number> = new Set<number>([
  errorCodes.NOT_COORDINATOR,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
])
const staleMember: ReadonlySet<number> = new Set<number>([
  errorCodes.ILLEGAL_GENERATION,
  errorCodes.UNKNOWN_MEMBER_ID,
  errorCodes.REBALANCE_IN_PROGRESS,
])

export interface TransactionRequestParts {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly coordinators: Coordinators
  readonly context: ClientContext
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  readonly version: TransactionVersion
}

/** The coordinator requests of one transactional id. They keep no state: the producer's identity is an argument of each. */
export class TransactionRequests {
  #interruption: Error | undefined
  readonly #parts: TransactionRequestParts
  readonly #who: string

  constructor(parts: TransactionRequestParts) {
    this.#parts = parts
    this.#who = `transactional id '${parts.transactionalId}'`
  }

  get version(): TransactionVersion {
    return this.#parts.version
  }

  /** From now on no request is repeated: each fails with this error instead. */
  interrupt(error: Error): void {
    this.#interruption ??= error
  }

  /**
   * Takes the id over, ending its open transaction. With `previous` only if nobody else has taken it over since, with a higher epoch.
   *
   * @throws ProducerFencedError `STREAMS_PRODUCER_FENCED`: only with `previous`.
   */
  initProducerId(previous?: ProducerIdentity): Promise<ProducerIdentity> {
    const { wire, context, transactionalId, transactionTimeoutMs } = this.#parts
    const what = `Taking a producer id for ${this.#who}`
    const request = {
      transactionalId,
      transactionTimeoutMs,
      producerId: previous?.producerId ?? -1,
      producerEpoch: previous?.producerEpoch ?? -1,
    }
    const attempt = async (node: number, timeoutMs: number): Promise<ProducerIdentity | Retry> => {
      const response = await wire.send(node, 'initProducerId', request, { timeoutMs })
      const { errorCode } = response
      if (errorCode === errorCodes.NONE) return identityIn(response)
      if (errorCode === errorCodes.INVALID_TRANSACTION_TIMEOUT) {
        const limit = await brokerLimit(wire, context, node, MAX_TIMEOUT)
        throw new InvalidConfigError(
          'transactionTimeoutMs',
          `is ${transactionTimeoutMs}, more than the ${limit === undefined ? '' : `${limit} ms `}that the broker allows. Lower it, or raise the broker's ${MAX_TIMEOUT}.`,
        )
      }
      return this.#retryOrThrow(what, 'transaction', transactionalId, errorCode)
    }
    return this.#ask('transaction', transactionalId, what, attempt, {
      hint: () =>
        "The transaction log may lack in-sync replicas (transaction.state.log.min.isr), or the id's last transaction cannot end because " +
        'a partition of it has no leader.',
    })
  }

  /**
   * Makes partitions part of the open transaction, or opens it.
   *
   * @throws UnknownTopicError, BrokerResponseError, ProducerFencedError, TransactionAbortedError, BrokerUnavailableError
   */
  async addPartitions(identity: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    const { wire, transactionalId, context, metadata } = this.#parts
    const what = `Adding ${partitionNames(partitions)} to the transaction of '${transactionalId}'`
    const topics = byTopic(partitions, ({ partition }) => partition)
    const startMs = context.clock.monotonicMs()
    const attempt = async (node: number, timeoutMs: number): Promise<undefined | Retry> => {
      const request = { transactionalId, ...identity, topics }
      const response = await wire.send(node, 'addPartitionsToTxn', request, { timeoutMs })
      const worst = worstPartition(response.topics)
      if (worst === undefined) return retryIfUnanswered(partitions, response.topics)
      if (worst.code === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) {
        if (context.clock.monotonicMs() - startMs >= unknownTopicPatienceMs(context)) {
          throw new UnknownTopicError(worst.topic, metadata.brokers)
        }
        return new Retry(new UnknownTopicError(worst.topic, metadata.brokers))
      }
      const named = `Adding ${worst.topic}-${worst.partition} to the transaction of '${transactionalId}'`
      return this.#retryOrThrow(named, 'transaction', transactionalId, worst.code, [onTopic(worst.topic, 'WRITE')])
    }
    await this.#ask('transaction', transactionalId, what, attempt)
  }

  /** Makes the group's offsets part of the open transaction, or opens it. */
  async addOffsets(identity: ProducerIdentity, groupId: string): Promise<void> {
    const { wire, transactionalId } = this.#parts
    const what = `Adding the offsets of group '${groupId}' to the transaction of '${transactionalId}'`
    const attempt = async (node: number, timeoutMs: number): Promise<undefined | Retry> => {
      const request = { transactionalId, ...identity, groupId }
      const { errorCode } = await wire.send(node, 'addOffsetsToTxn', request, { timeoutMs })
      if (errorCode === errorCodes.NONE) return undefined
      return this.#retryOrThrow(what, 'transaction', transactionalId, errorCode, [onGroup(groupId, 'READ')])
    }
    await this.#ask('transaction', transactionalId, what, attempt)
  }

  /**
   * Hands the offsets to the group's coordinator, to be valid when the transaction commits.
   *
   * @throws StaleMemberError `STREAMS_STALE_MEMBER`: another generation holds; the transaction is unharmed.
   * @throws FencedInstanceError `STREAMS_FENCED_INSTANCE`: another process has the instance id.
   */
  async commitOffsets(
    identity: ProducerIdentity,
    offsets: readonly OffsetCommit[],
    group: GroupMetadata,
  ): Promise<void> {
    const { wire, transactionalId } = this.#parts
    const what = `Committing ${partitionNames(offsets)} for group '${group.groupId}' in the transaction of '${transactionalId}'`
    const request = {
      transactionalId,
      groupId: group.groupId,
      ...identity,
      generationId: group.generation,
      memberId: group.memberId,
      groupInstanceId: group.instanceId,
      topics: byTopic(offsets, ({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: metadata,
      })),
    }
    const attempt = async (node: number, timeoutMs: number): Promise<undefined | Retry> => {
      const api = this.version === 2 ? 'txnOffsetCommitV5' : 'txnOffsetCommit'
      const response = await wire.send(node, api, request, { timeoutMs })
      const worst = worstPartition(response.topics)
      if (worst === undefined) return retryIfUnanswered(offsets, response.topics)
      const { code } = worst
      if (staleMember.has(code)) {
        throw new StaleMemberError(
          `${what} was refused with ${errorName(code)}: member '${group.memberId}' of generation ${group.generation} is not current. ` +
            'The transaction is still open: commit again with the new generation what is still owned, or abort.',
        )
      }
      if (code === errorCodes.FENCED_INSTANCE_ID) {
        throw new FencedInstanceError(group.instanceId ?? group.memberId, group.groupId)
      }
      const needs = [onGroup(group.groupId, 'READ'), onTopic(worst.topic, 'READ')]
      return this.#retryOrThrow(`${what}: ${worst.topic}-${worst.partition}`, 'group', group.groupId, code, needs)
    }
    await this.#ask('group', group.groupId, what, attempt)
  }

  /**
   * Ends the transaction. The coordinator takes the same end of the same epoch twice, so a lost answer is asked for again.
   *
   * @returns The identity to go on with, with transactions of version 2; undefined: the same as before, or (an abort) not known.
   * @throws CommitOutcomeUnknownError `STREAMS_COMMIT_OUTCOME_UNKNOWN`: a commit went out, and what came back does not tell what became of it.
   */
  async end(identity: ProducerIdentity, committed: boolean): Promise<ProducerIdentity | undefined> {
    const { transactionalId } = this.#parts
    const what = `${committed ? 'Committing' : 'Aborting'} the transaction of '${transactionalId}'`
    const request = { transactionalId, ...identity, committed }
    // Whether the coordinator may have acted on an earlier attempt. From then on an answer such as "fenced" speaks of what came later.
    let unclear = false
    const attempt = async (node: number, timeoutMs: number): Promise<ProducerIdentity | undefined | Retry> => {
      const wasUnclear = unclear
      unclear = true
      const { errorCode, raised } = await this.#sendEnd(node, request, timeoutMs)
      if (errorCode === errorCodes.NONE) return raised
      // A coordinator that gave its role away may have written the decision before.
      unclear = wasUnclear || (errorCode !== errorCodes.CONCURRENT_TRANSACTIONS && !isRefusal(errorCode))
      // No transaction is open, which is what an abort is to bring about.
      if (!committed && errorCode === errorCodes.INVALID_TXN_STATE) return undefined
      return this.#retryOrThrow(what, 'transaction', transactionalId, errorCode)
    }
    try {
      return await this.#ask('transaction', transactionalId, what, attempt)
    } catch (error) {
      if (!committed || !unclear) throw error
      const cause = error as Error
      throw new CommitOutcomeUnknownError(
        `Whether the transaction of '${transactionalId}' was committed is unknown: ${cause.message} ` +
          'Call init(), which settles it, then read the committed offsets.',
        { cause },
      )
    }
  }

  async #sendEnd(
    node: number,
    request: RequestOf<'endTxn'>,
    timeoutMs: number,
  ): Promise<{ readonly errorCode: number; readonly raised?: ProducerIdentity | Retry }> {
    const { wire } = this.#parts
    if (this.version === 1) return wire.send(node, 'endTxn', request, { timeoutMs })
    const response = await wire.send(node, 'endTxnV5', request, { timeoutMs })
    return { errorCode: response.errorCode, raised: identityIn(response) }
  }

  #retryOrThrow(
    what: string,
    type: CoordinatorType,
    key: string,
    code: number,
    needs: readonly Permission[] = [],
  ): Retry {
    if (movedCoordinator.has(code)) this.#parts.coordinators.forget(type, key)
    if (!isRetriable(code)) throw refused(what, code, null, this.#parts.transactionalId, needs)
    const brief = code === errorCodes.CONCURRENT_TRANSACTIONS
    return new Retry(new Error(errorName(code)), brief ? CONCURRENT_MAX_DELAY_MS : undefined)
  }

  #ask<T>(
    type: CoordinatorType,
    key: string,
    what: string,
    attempt: (node: number, timeoutMs: number) => Promise<T | Retry>,
    options: RetryOptions = {},
  ): Promise<T> {
    const { context, coordinators } = this.#parts
    const stopped = (): Error | undefined => this.#interruption
    const once = async ({ remainingMs, timeoutMs }: Attempt): Promise<T | Retry> => {
      const node = await coordinators.find(type, key, remainingMs)
      try {
        return await attempt(node, timeoutMs)
      } catch (error) {
        if (error instanceof StreamsError && error.recovery === 'retry') coordinators.forget(type, key)
        throw error
      }
    }
    return retrying(context, what, once, { firstDelayMs: CONCURRENT_FIRST_DELAY_MS, stopped, ...options })
  }
}

function retryIfUnanswered(asked: readonly TopicPartition[], topics: readonly PartitionErrors[]): Retry | undefined {
  const missing = unanswered(asked, topics)
  return missing && new Retry(missing)
}

interface PartitionErrors {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

// The error to act on. When one partition is refused the others are told that they were not tried; and what a retry cannot cure goes first.
function worstPartition(
  topics: readonly PartitionErrors[],
): { readonly topic: string; readonly partition: number; readonly code: number } | undefined {
  let worst: { topic: string; partition: number; code: number } | undefined
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      if (errorCode === errorCodes.NONE) continue
      if (worst === undefined || severity(errorCode) > severity(worst.code)) {
        worst = { topic: name, partition: partitionIndex, code: errorCode }
      }
    }
  }
  return worst
}

function severity(code: number): number {
  if (code === errorCodes.OPERATION_NOT_ATTEMPTED) return 0
  return isRetriable(code) ? 1 : 2
}
