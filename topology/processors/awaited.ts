import { type Awaitable, isPromise } from '../callbacks.ts'

/** Goes on with a result: at once if it is there, later if it is a promise. Costs no promise in the first case. */
export function awaited<T, R>(result: Awaitable<T>, goOn: (result: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(result) ? result.then(goOn) : goOn(result)
}
