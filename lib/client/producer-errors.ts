// What the codes in responses to produce and transaction requests mean to the user of a producer.
import type { StreamsError } from '../core/errors.ts'
import { BrokerResponseError, ProducerFencedError, TransactionAbortedError } from './errors.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

// INVALID_PRODUCER_EPOCH also answers a producer whose transaction the broker ended after its time-out: the two cannot be told apart.
const fenced: ReadonlySet<number> = new Set<number>([
  errorCodes.INVALID_PRODUCER_EPOCH,
  errorCodes.PRODUCER_FENCED,
  errorCodes.INVALID_PRODUCER_ID_MAPPING,
  errorCodes.TRANSACTIONAL_ID_NOT_FOUND,
])

// The transaction cannot go on, the producer can.
const aborted: ReadonlySet<number> = new Set<number>([
  errorCodes.INVALID_TXN_STATE,
  errorCodes.TRANSACTION_ABORTABLE,
  errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
  errorCodes.UNKNOWN_PRODUCER_ID,
])

const advice: ReadonlyMap<number, string> = new Map<number, string>([
  [errorCodes.TOPIC_AUTHORIZATION_FAILED, 'Grant this client WRITE on the topic.'],
  [errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'Grant this client WRITE and DESCRIBE on the transactional id.'],
  [errorCodes.GROUP_AUTHORIZATION_FAILED, 'Grant this client READ on the group.'],
  [errorCodes.CLUSTER_AUTHORIZATION_FAILED, 'Grant this client IDEMPOTENT_WRITE on the cluster.'],
  [
    errorCodes.INVALID_TIMESTAMP,
    "A record's timestamp is further from the broker's clock than the topic allows. Raise message.timestamp.after.max.ms " +
      '(or message.timestamp.before.max.ms) of the topic, or correct the timestamps.',
  ],
  [
    errorCodes.INVALID_RECORD,
    'The topic does not take such a record; a compacted topic, for instance, takes none without a key.',
  ],
  [errorCodes.OFFSET_METADATA_TOO_LARGE, "Raise the broker's offset.metadata.max.bytes."],
])

/** A partition's refusal of a batch, or of an offset. */
export function partitionRefused(
  what: string,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  code: number,
  brokerMessage: string | null,
  transactionalId: string | undefined,
): StreamsError {
  return refused(`${what} ${topic}-${partition}`, code, brokerMessage, transactionalId)
}

/** A coordinator's refusal, or a partition's: the error that the producer's user meets. `what` begins the sentence: `Sending to clicks-0`. */
export function refused(
  what: string,
  code: number,
  brokerMessage: string | null,
  transactionalId: string | undefined,
): StreamsError {
  const name = errorName(code)
  const said = brokerMessage === null || brokerMessage === '' ? name : `${name} (${brokerMessage})`
  if (transactionalId !== undefined && fenced.has(code)) {
    return new ProducerFencedError(transactionalId, `${what}: ${said}`)
  }
  if (transactionalId !== undefined && aborted.has(code)) {
    return new TransactionAbortedError(
      `${what} failed: ${said}. The transaction of '${transactionalId}' has to be aborted; nothing of it will be seen.`,
    )
  }
  const wayOut = advice.get(code)
  return new BrokerResponseError(name, code, `${what} failed: ${said}.${wayOut === undefined ? '' : ` ${wayOut}`}`)
}
