// What the admin's methods refuse before they ask anything: what the wire could not carry, or would take for something else.
import { InvalidArgumentError } from '../core/errors.ts'

const MAX_INT16 = 2 ** 15 - 1
const MAX_INT32 = 2 ** 31 - 1

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: not an integer from `minimum` to `maximum`. */
export function requireInteger(
  method: string,
  argument: string,
  value: number,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return
  const bounds = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`
  throw new InvalidArgumentError(method, `${argument} must be an integer ${bounds}, not ${String(value)}.`)
}

export function requirePartitionCount(method: string, value: number): void {
  requireInteger(method, 'partitionCount', value, 1, MAX_INT32)
}

export function requireReplicationFactor(method: string, value: number): void {
  requireInteger(method, 'replicationFactor', value, 1, MAX_INT16)
}

/** Negative times would ask for the log start, the log end and more. */
export function requireTime(method: string, argument: string, value: number): void {
  requireInteger(method, argument, value, 0)
}

/** In a request to delete records, -1 would stand for all of them. */
export function requireOffset(method: string, value: number): void {
  requireInteger(method, 'offset', value, 0)
}

export function requireId(method: string, argument: string, value: string): void {
  if (typeof value === 'string' && value !== '') return
  throw new InvalidArgumentError(method, `${argument} must be a text that is not empty.`)
}
