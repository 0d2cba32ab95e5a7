// Checks of arguments that the types rule out, for callers without types.
import { InvalidArgumentError } from './errors.ts'

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
export function checkCallback(method: string, callback: unknown): void {
  if (typeof callback === 'function') return
  throw new InvalidArgumentError(method, `needs a function, but got ${callback === null ? 'null' : typeof callback}.`)
}

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
export function checkPartitionCount(method: string, count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count >= 1)) return
  throw new InvalidArgumentError(method, `partitionCount must be a whole number of at least 1, but is ${count}.`)
}

const OFFSET_RESETS = ['earliest', 'latest', 'none']

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
export function checkOffsetReset(method: string, reset: string | undefined): void {
  if (reset === undefined || OFFSET_RESETS.includes(reset)) return
  throw new InvalidArgumentError(method, `offsetReset must be one of ${OFFSET_RESETS.join(', ')}, but is '${reset}'.`)
}
