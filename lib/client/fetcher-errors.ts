import { onTopic, unauthorized } from './authorization.ts'
import { BrokerResponseError, CorruptRecordError, OffsetOutOfRangeError } from './errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'

/** What to do about a partition that the broker answered with an error: look for its leader and ask again, or give up. */
export function partitionError(code: number, topic: string, partition: number, offset: number): 'moved' | Error {
  const where = `${topic}-${partition}`
  const name = errorName(code)
  switch (code) {
    case errorCodes.OFFSET_OUT_OF_RANGE:
      return new OffsetOutOfRangeError(topic, partition, offset)
    case errorCodes.CORRUPT_MESSAGE:
      return new CorruptRecordError(
        `The broker found damaged records in ${where} at or after offset ${offset} (${name})`,
      )
    default:
      if (isPassing(code)) return 'moved'
      return (
        unauthorized(`Reading ${where}`, code, [onTopic(topic, 'READ')]) ??
        new BrokerResponseError(name, code, `The broker refused to read ${where} from offset ${offset}: ${name}`)
      )
  }
}

/** The same for an error that concerns the whole request: the name of one that passes. */
export function nodeError(code: number, node: number): string | Error {
  const name = errorName(code)
  return isPassing(code) ? name : new BrokerResponseError(name, code, `Node ${node} refused a fetch: ${name}`)
}

// UNKNOWN_SERVER_ERROR is the broker's own trouble: Kafka's clients ask again as well.
function isPassing(code: number): boolean {
  return isRetriable(code) || code === errorCodes.UNKNOWN_SERVER_ERROR
}
