// Times and lengths of time in options, in whole milliseconds.
import { InvalidArgumentError } from './errors.ts'

export interface Grace {
  /** How long after its end, in event time, a window still takes records. Default 0: later records are dropped, and counted. */
  readonly graceMs?: number
}

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
export function graceOf(method: string, { graceMs }: Grace): number {
  return atLeast(method, 'graceMs', graceMs ?? 0, 0)
}

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
export function atLeast(method: string, option: string, value: unknown, least: number): number {
  const number = whole(method, option, value)
  if (number < least) throw new InvalidArgumentError(method, `${option} must be at least ${least}, not ${number}.`)
  return number
}

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
export function whole(method: string, option: string, value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number
  throw new InvalidArgumentError(method, `${option} must be a whole number of milliseconds, not ${String(value)}.`)
}
