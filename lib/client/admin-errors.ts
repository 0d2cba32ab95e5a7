import type { StreamsError } from '../core/errors.ts'
import { type Permission, unauthorized } from './authorization.ts'
import { BrokerResponseError } from './errors.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

const advice: ReadonlyMap<number, string> = new Map<number, string>([
  [errorCodes.INVALID_REPLICATION_FACTOR, 'The cluster has fewer brokers than replicas were asked for.'],
  [errorCodes.TOPIC_DELETION_DISABLED, "Set the brokers' delete.topic.enable to true."],
])

/** A refusal of an admin request. `what` is the subject of the sentence: `Creating topic 'clicks'`; `needs`: what the request takes. */
export function adminRefused(
  what: string,
  code: number,
  brokerMessage: string | null,
  needs: readonly Permission[] = [],
): StreamsError {
  const forbidden = unauthorized(what, code, needs)
  if (forbidden !== undefined) return forbidden
  const name = errorName(code)
  const said = brokerMessage === null || brokerMessage === '' ? name : `${name} (${brokerMessage})`
  const wayOut = advice.get(code)
  return new BrokerResponseError(name, code, `${what} failed: ${said}.${wayOut === undefined ? '' : ` ${wayOut}`}`)
}
