// Flow: admin → [admin-transactions] → admin-requests → Wire.
import type { AdminParts } from './admin.ts'
import { requireId } from './admin-arguments.ts'
import { adminRefused } from './admin-errors.ts'
import { askCoordinator, askEveryNode, incomplete, type Target } from './admin-requests.ts'
import { onTransactionalId } from './authorization.ts'
import type { TransactionDescription, TransactionListing } from './client.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry } from './retry.ts'

/** States in which a transaction is open, or its outcome still on its way. */
const OPEN: ReadonlySet<string> = new Set(['Ongoing', 'PrepareCommit', 'PrepareAbort'])
const NO_PRODUCER = { producerId: -1, producerEpoch: -1 } as const
/** The next producer of the id brings its own; until then there is no transaction for it to end. */
const TRANSACTION_TIMEOUT_MS = 60_000
/** The longest wait for an aborted transaction's markers before asking again. */
const MARKER_DELAY_MS = 50
/** Most ids that are fenced at the same time. */
const MAX_FENCED_AT_ONCE = 16

/** See Admin.listTransactions. */
export function listTransactions(parts: AdminParts): Promise<readonly TransactionListing[]> {
  const what = 'Listing the transactions'
  const ask = async ({ node, timeoutMs }: Target): Promise<readonly TransactionListing[] | Retry> => {
    const request = { stateFilters: [], producerIdFilters: [] }
    const response = await parts.wire.send(node, 'listTransactions', request, { timeoutMs })
    const { errorCode, transactionStates } = response
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    if (errorCode !== errorCodes.NONE) throw adminRefused(what, errorCode, null)
    return transactionStates.map(({ transactionalId, producerId, transactionState: state }) => {
      return { transactionalId, producerId, state }
    })
  }
  return askEveryNode(parts, what, ask, ({ transactionalId }) => transactionalId)
}

/** See Admin.describeTransaction. */
export async function describeTransaction(
  parts: AdminParts,
  transactionalId: string,
): Promise<TransactionDescription | undefined> {
  requireId('describeTransaction', 'transactionalId', transactionalId)
  const what = `Describing the transaction of '${transactionalId}'`
  return askCoordinator(parts, 'transaction', transactionalId, what, async ({ node, timeoutMs }) => {
    const request = { transactionalIds: [transactionalId] }
    const response = await parts.wire.send(node, 'describeTransactions', request, { timeoutMs })
    const found = response.transactionStates.find((each) => each.transactionalId === transactionalId)
    if (found === undefined) return incomplete()
    const { errorCode, transactionState: state, transactionStartTimeMs, topics } = found
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    if (errorCode === errorCodes.TRANSACTIONAL_ID_NOT_FOUND) return undefined
    if (errorCode !== errorCodes.NONE)
      throw adminRefused(what, errorCode, null, [onTransactionalId(transactionalId, 'DESCRIBE')])
    return {
      transactionalId,
      state,
      producerId: found.producerId,
      producerEpoch: found.producerEpoch,
      coordinator: node,
      timeoutMs: found.transactionTimeoutMs,
      startedAtMs: OPEN.has(state) ? transactionStartTimeMs : null,
      partitions: topics.flatMap(({ name: topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    }
  })
}

/** See Admin.fenceProducers. */
export async function fenceProducers(parts: AdminParts, transactionalIds: readonly string[]): Promise<void> {
  for (const id of transactionalIds) requireId('fenceProducers', 'a transactional id', id)
  const ids = [...new Set(transactionalIds)]
  for (let from = 0; from < ids.length; from += MAX_FENCED_AT_ONCE) {
    const some = ids.slice(from, from + MAX_FENCED_AT_ONCE)
    await Promise.all(some.map((id) => fence(parts, id)))
  }
}

// Who takes a producer id as if to begin shuts out whoever has it, and has its transaction aborted first.
function fence(parts: AdminParts, transactionalId: string): Promise<void> {
  const what = `Fencing the producer of transactional id '${transactionalId}'`
  const request = { transactionalId, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS, ...NO_PRODUCER }
  return askCoordinator(parts, 'transaction', transactionalId, what, async ({ node, timeoutMs }) => {
    const { errorCode } = await parts.wire.send(node, 'initProducerId', request, { timeoutMs })
    if (errorCode === errorCodes.NONE) return undefined
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)), MARKER_DELAY_MS)
    throw adminRefused(what, errorCode, null, [onTransactionalId(transactionalId, 'WRITE')])
  })
}
