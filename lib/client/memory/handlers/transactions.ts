import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import type { Participant } from '../transaction.ts'

const NONE = -1

export function initProducerId(state: BrokerState): Handler<'initProducerId'> {
  return answer(({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }, { node }) => {
    const failed = (errorCode: number) => ({ throttleTimeMs: 0, errorCode, producerId: NONE, producerEpoch: NONE })
    // Either both are known or none is.
    if ((producerId === NONE) !== (producerEpoch === NONE)) return failed(errorCodes.INVALID_REQUEST)
    if (transactionalId === null) return { throttleTimeMs: 0, ...state.transactions.newProducerId() }
    const errorCode = state.placement.coordinatorError('transaction', transactionalId, node)
    if (errorCode !== errorCodes.NONE) return failed(errorCode)
    const expected = producerId === NONE ? undefined : { producerId, producerEpoch }
    return { throttleTimeMs: 0, ...state.transactions.init(transactionalId, transactionTimeoutMs, expected) }
  })
}

/** All partitions are added, or none. */
export function addPartitionsToTxn(state: BrokerState): Handler<'addPartitionsToTxn'> {
  return answer((request, { node }) => {
    const { transactionalId, topics } = request
    const missing = topics.some(({ name, partitions }) =>
      partitions.some((partition) => state.topics.partition(name, partition) === undefined),
    )
    let errorCode = state.placement.coordinatorError('transaction', transactionalId, node)
    if (errorCode === errorCodes.NONE && !missing) {
      const participants = topics.flatMap(({ name, partitions }) =>
        partitions.map((partition): Participant => ({ kind: 'partition', topic: name, partition })),
      )
      errorCode = state.transactions.add(transactionalId, request, participants)
    }
    const codeOf = (topic: string, partition: number): number => {
      if (!missing) return errorCode
      const exists = state.topics.partition(topic, partition) !== undefined
      return exists ? errorCodes.OPERATION_NOT_ATTEMPTED : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    }
    return {
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode: codeOf(name, partitionIndex) })),
      })),
    }
  })
}

export function addOffsetsToTxn(state: BrokerState): Handler<'addOffsetsToTxn'> {
  return answer((request, { node }) => {
    const { transactionalId, groupId } = request
    const errorCode = state.placement.coordinatorError('transaction', transactionalId, node)
    if (errorCode !== errorCodes.NONE) return { throttleTimeMs: 0, errorCode }
    const added = state.transactions.add(transactionalId, request, [{ kind: 'group', groupId }])
    return { throttleTimeMs: 0, errorCode: added }
  })
}

export function endTxn(state: BrokerState): Handler<'endTxn'> {
  return answer((request, { node }) => {
    const { transactionalId, committed } = request
    const errorCode = state.placement.coordinatorError('transaction', transactionalId, node)
    if (errorCode !== errorCodes.NONE) return { throttleTimeMs: 0, errorCode }
    const ended = state.transactions.end(transactionalId, request, committed ? 'commit' : 'abort')
    return { throttleTimeMs: 0, errorCode: ended }
  })
}

/** Ends the transaction and raises the producer's epoch, so that nothing late of it is taken (KIP-890). */
export function endTxnV5(state: BrokerState): Handler<'endTxnV5'> {
  return answer((request, { node }) => {
    const { transactionalId, committed } = request
    const errorCode = state.placement.coordinatorError('transaction', transactionalId, node)
    if (errorCode !== errorCodes.NONE) return { throttleTimeMs: 0, errorCode, producerId: NONE, producerEpoch: NONE }
    return {
      throttleTimeMs: 0,
      ...state.transactions.endRaising(transactionalId, request, committed ? 'commit' : 'abort'),
    }
  })
}
