import { typeName } from '../../lib/serde/errors.ts'
import { CallbackResultError } from '../errors.ts'

/**
 * Hands each item that a callback made to `forward`, in order. Goes on synchronously as long as `forward` does; from the first promise on
 * it waits for each item before it takes the next, so a generator is never run ahead of what has been processed.
 *
 * @throws CallbackResultError `STREAMS_CALLBACK_RESULT`: there is nothing to iterate over.
 */
export function forwardEach<R, T>(
  items: Iterable<T>,
  record: R,
  node: string,
  forward: (record: R, item: T) => void | Promise<void>,
): void | Promise<void> {
  if (items === undefined || items === null || typeof items[Symbol.iterator] !== 'function') {
    throw new CallbackResultError(node, typeName(items), 'an iterable')
  }
  const iterator = items[Symbol.iterator]()
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    const forwarded = forward(record, next.value)
    if (forwarded !== undefined) return forwardRest(iterator, record, forward, forwarded)
  }
}

async function forwardRest<R, T>(
  iterator: Iterator<T>,
  record: R,
  forward: (record: R, item: T) => void | Promise<void>,
  forwarded: Promise<void>,
): Promise<void> {
  await forwarded
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) await forward(record, next.value)
}
