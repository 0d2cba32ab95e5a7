import type { StreamRecord } from '../../lib/core/record.ts'
import { typeName } from '../../lib/serde/errors.ts'
import { CallbackResultError } from '../errors.ts'

/**
 * The record with the key and value of a pair that a callback made.
 *
 * @throws CallbackResultError `STREAMS_CALLBACK_RESULT`: it is not a pair, or has a hole.
 */
export function withPair<KR, VR>(
  record: StreamRecord<unknown, unknown>,
  pair: readonly [KR, VR],
  node: string,
): StreamRecord<KR, VR> {
  if (!Array.isArray(pair)) {
    throw new CallbackResultError(node, typeName(pair), 'a pair [key, value]')
  }
  const [key, value] = pair as readonly [KR, VR]
  if (key === undefined) throw new CallbackResultError(node, 'a pair whose key is undefined', '[key, value]')
  if (value === undefined) throw new CallbackResultError(node, 'a pair whose value is undefined', '[key, value]')
  return record.withKeyValue(key, value)
}
