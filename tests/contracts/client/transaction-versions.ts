// The two protocols of transactions (KIP-890), for suites that hold both to the same.
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import type { TransactionVersion } from '../../../lib/client/transaction-version.ts'
import type { Wire, WireFactory } from '../../../lib/client/wire.ts'

export const transactionVersions: readonly TransactionVersion[] = [1, 2]

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
