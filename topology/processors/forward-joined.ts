import { StreamRecord } from '../../lib/core/record.ts'
import type { ValueJoiner } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { ProcessorContext } from '../processor.ts'
import { awaited } from './awaited.ts'

/** What a join makes of two values, and where: the node's name and its joiner, to which null stands for a missing value. */
export interface JoinCallback<K, VR> {
  readonly node: string
  readonly joiner: ValueJoiner<K, any, any, VR>
}

/** Two values of one key that belong together, and the time of their result. */
export interface JoinPair<K> {
  readonly key: K
  readonly left: unknown
  readonly right: unknown
  readonly timestamp: number
}

/**
 * Joins two values and forwards the result, with the headers and the origin of the record that brought them together.
 *
 * @throws CallbackResultError `STREAMS_CALLBACK_RESULT`: the joiner returned undefined.
 */
export function forwardJoined<K, VR>(
  context: ProcessorContext<K, VR>,
  { node, joiner }: JoinCallback<K, VR>,
  { headers, topic, partition, offset }: StreamRecord<unknown, unknown>,
  { key, left, right, timestamp }: JoinPair<K>,
): void | Promise<void> {
  return awaited(joiner(left, right, key), (joined) => {
    if (joined === undefined) throw new CallbackResultError(node, 'undefined', 'a joined value')
    return context.forward(new StreamRecord(key, joined, timestamp, headers, topic, partition, offset))
  })
}
