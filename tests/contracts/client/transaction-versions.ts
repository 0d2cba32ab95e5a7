// The two protocols of transactions (KIP-890), for suites that hold both to the same.
import type { ApiName } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import type { TransactionVersion } from '../../../lib/client/transaction-version.ts'
import type { Wire, WireFactory } from '../../../lib/client/wire.ts'

export const transactionVersions: readonly TransactionVersion[] = [1, 2]

const ofVersion2: Partial<Record<ApiName, ApiName>> = {
  produceV12: 'produce',
  endTxnV5: 'endTxn',
  txnOffsetCommitV5: 'txnOffsetCommit',
}

/** The name that a request has with transactions of version 1: what is meant, whichever form it has. */
export function inEitherVersion(api: ApiName): ApiName {
  return ofVersion2[api] ?? api
}

/** Wires to a cluster that says nothing of features, as those of older brokers: producers then use version 1. */
export function withoutFeatures(wires: WireFactory): WireFactory {
  const silent = { errorCode: errorCodes.UNSUPPORTED_VERSION, apiKeys: [], throttleTimeMs: 0, finalizedFeatures: [] }
  return {
    open(purpose) {
      const wire = wires.open(purpose)
      const send: Wire['send'] = (node, api, request, options) =>
        api === 'apiVersions' ? Promise.resolve(silent as never) : wire.send(node, api, request, options)
      return { send, close: () => wire.close() }
    },
  }
}
