import { apis } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'

/** The features that clients go by. Its clients know the versions of requests that it takes. */
export function apiVersions(state: BrokerState): Handler<'apiVersions'> {
  return answer(() => {
    const level = state.settings.transactionVersion
    return {
      errorCode: errorCodes.NONE,
      apiKeys: Object.values(apis).map(({ key, version }) => ({
        apiKey: key,
        minVersion: version,
        maxVersion: version,
      })),
      throttleTimeMs: 0,
      finalizedFeatures: [{ name: 'transaction.version', maxVersionLevel: level, minVersionLevel: level }],
    }
  })
}
