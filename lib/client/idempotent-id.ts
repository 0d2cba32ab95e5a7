import { onCluster } from './authorization.ts'
import type { ClientContext } from './client.ts'
import type { ProducerIdentity } from './producer-batch.ts'
import { refused } from './producer-errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'
import type { Wire } from './wire.ts'

/** The broker checks the field also where it has no meaning. */
const UNUSED_TIMEOUT_MS = 2 ** 31 - 1

/** What an answer without an error names. With a negative id the broker would take each record as often as it is sent. */
export function identityIn({ producerId, producerEpoch }: ProducerIdentity): ProducerIdentity | Retry {
  if (producerId >= 0 && producerEpoch >= 0) return { producerId, producerEpoch }
  return new Retry(new Error(`the answer names producer ${producerId} in epoch ${producerEpoch}`))
}

/** Asks any broker for a producer id that nobody had before: for an idempotent producer without transactions. */
export function takeProducerId(wire: Wire, context: ClientContext): Promise<ProducerIdentity> {
  const what = 'Taking a producer id'
  const request = {
    transactionalId: null,
    transactionTimeoutMs: UNUSED_TIMEOUT_MS,
    producerId: -1,
    producerEpoch: -1,
  }
  return retrying(context, what, async ({ timeoutMs }) => {
    const response = await wire.send('any', 'initProducerId', request, { timeoutMs })
    const { errorCode } = response
    if (errorCode === errorCodes.NONE) return identityIn(response)
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    throw refused(what, errorCode, null, undefined, [onCluster('IDEMPOTENT_WRITE')])
  })
}
