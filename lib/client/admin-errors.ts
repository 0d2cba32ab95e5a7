import { BrokerResponseError } from './errors.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

const advice: ReadonlyMap<number, string> = new Map<number, string>([
  [errorCodes.INVALID_REPLICATION_FACTOR, 'The cluster has fewer brokers than replicas were asked for.'],
  [errorCodes.TOPIC_AUTHORIZATION_FAILED, 'Grant this client the operation on the topic.'],
  [errorCodes.CLUSTER_AUTHORIZATION_FAILED, 'Grant this client the operation on the cluster.'],
  [errorCodes.TOPIC_DELETION_DISABLED, "Set the brokers' delete.topic.enable to true."],
])

/** A refusal of an admin request. `what` is the subject of the sentence: `Creating topic 'clicks'`. */
export function adminRefused(what: string, code: number, brokerMessage: string | null): BrokerResponseError {
  const name = errorName(code)
  const said = brokerMessage === null || brokerMessage === '' ? name : `${name} (${brokerMessage})`
  const wayOut = advice.get(code)
  return new BrokerResponseError(name, code, `${what} failed: ${said}.${wayOut === undefined ? '' : ` ${wayOut}`}`)
}
