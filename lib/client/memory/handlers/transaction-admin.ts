import { byTopic } from '../../group-partitions.ts'
import type { ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { undescribedTransaction } from '../error-response.ts'
import type { Participant, Transaction } from '../transaction.ts'

type Described = ResponseOf<'describeTransactions'>['transactionStates'][number]

/** Where a real broker keeps committed offsets: a group in a transaction shows as one of its partitions. */
const OFFSETS_TOPIC = '__consumer_offsets'

export function describeTransactions(state: BrokerState): Handler<'describeTransactions'> {
  return answer(({ transactionalIds }, { node }) => ({
    throttleTimeMs: 0,
    transactionStates: transactionalIds.map((id) => {
      const errorCode = state.placement.coordinatorError('transaction', id, node)
      if (errorCode !== errorCodes.NONE) return undescribedTransaction(id, errorCode)
      const transaction = state.transactions.get(id)
      if (transaction === undefined) return undescribedTransaction(id, errorCodes.TRANSACTIONAL_ID_NOT_FOUND)
      return described(transaction)
    }),
  }))
}

function described(transaction: Transaction): Described {
  return {
    ...undescribedTransaction(transaction.transactionalId, errorCodes.NONE),
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.epoch,
    topics: byTopic([...transaction.participants.values()].map(partitionOf), ({ partition }) => partition),
  }
}

function partitionOf(participant: Participant): { readonly topic: string; readonly partition: number } {
  return participant.kind === 'partition' ? participant : { topic: OFFSETS_TOPIC, partition: 0 }
}

/** Each node tells of the transactional ids that it coordinates. */
export function listTransactions(state: BrokerState): Handler<'listTransactions'> {
  return answer(({ stateFilters, producerIdFilters }, { node }) => ({
    throttleTimeMs: 0,
    errorCode: errorCodes.NONE,
    unknownStateFilters: [],
    transactionStates: state.transactions
      .all()
      .filter(({ transactionalId }) => {
        return state.placement.coordinatorError('transaction', transactionalId, node) === errorCodes.NONE
      })
      .filter((transaction) => stateFilters.length === 0 || stateFilters.includes(transaction.state))
      .filter(({ producerId }) => producerIdFilters.length === 0 || producerIdFilters.includes(producerId))
      .map(({ transactionalId, producerId, state: transactionState }) => ({
        transactionalId,
        producerId,
        transactionState,
      })),
  }))
}
