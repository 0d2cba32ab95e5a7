// Flow: producer.init → [transaction-version] → Wire: which of the two protocols of transactions the cluster has agreed on (KIP-890, KIP-1022).
import type { ClientContext } from './client.ts'
import type { ApiName } from './protocol/apis.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'
import type { Wire } from './wire.ts'

/**
 * 1: the producer adds partitions and groups to its transaction by requests of their own, and keeps its epoch from one transaction to the next. 2: the
 * brokers add what is written to, and each end raises the epoch, so that nothing that arrives late gets into the next transaction.
 */
export type TransactionVersion = 1 | 2

const FORMS_OF_VERSION_2: Partial<Record<ApiName, ApiName>> = {
  produceV12: 'produce',
  endTxnV5: 'endTxn',
  txnOffsetCommitV5: 'txnOffsetCommit',
}

/** The name that a request has in version 1: what is meant, whichever form it has. For those who watch requests. */
export function inEitherVersion(api: ApiName): ApiName {
  return FORMS_OF_VERSION_2[api] ?? api
}

const FEATURE = 'transaction.version'
// What brokers count their clients by.
const SOFTWARE = { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' }

/** Asks any broker. One that does not know features has version 1. */
export function transactionVersion(wire: Wire, context: ClientContext): Promise<TransactionVersion> {
  return retrying(context, `Asking for the feature ${FEATURE}`, async ({ timeoutMs }) => {
    const { errorCode, finalizedFeatures } = await wire.send('any', 'apiVersions', SOFTWARE, { timeoutMs })
    if (errorCode !== errorCodes.NONE && isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    const level = finalizedFeatures.find(({ name }) => name === FEATURE)?.maxVersionLevel ?? 0
    return level >= 2 ? 2 : 1
  })
}
