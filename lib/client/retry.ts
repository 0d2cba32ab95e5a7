// Flow: every request that may need a second try → [retrying] → Wire.
import { sleep } from '../core/clock.ts'
import { StreamsError } from '../core/errors.ts'
import type { ClientContext } from './client.ts'
import { BrokerUnavailableError } from './errors.ts'
import { OperationOutages } from './outage.ts'

const FIRST_DELAY_MS = 20
const MAX_DELAY_MS = 1_000
/** An operation that has failed for this long is worth a line in the log; shorter troubles are part of a cluster's life. */
const LOG_AFTER_MS = 1_000
/** Of an operation's time: an attempt that begins with less than this is brief. */
const BRIEF_SHARE = 0.25

/** What an attempt returns that wants another one. */
export class Retry {
  readonly cause: Error
  /** The longest wait after this cause, in milliseconds, if it is known to pass sooner than the operation's maximum. */
  readonly maxDelayMs: number | undefined

  constructor(cause: Error, maxDelayMs?: number) {
    this.cause = cause
    this.maxDelayMs = maxDelayMs
  }
}

/** What an attempt is told. */
export interface Attempt {
  /** 1 for the first. */
  readonly attempt: number
  /** Milliseconds until the operation gives up; never below 1. */
  readonly remainingMs: number
  /** For one request of the attempt: half of what remains, so that a lost answer leaves the time to ask again. At least 1. */
  readonly timeoutMs: number
}

/** What the operations of one client share. */
export interface RetryContext extends ClientContext {
  /** The client may close: from then on nothing is tried again. */
  readonly closed?: () => Error | undefined
  /** Speaks in the log for all of them. Default: each operation speaks for itself. */
  readonly outages?: OperationOutages
}

export interface RetryOptions {
  /** How long the operation may take, attempts and waits together. Milliseconds; default: the context's request time-out. */
  readonly timeoutMs?: number
  /** The wait after the first failed attempt; it doubles with each. Milliseconds, default 20. */
  readonly firstDelayMs?: number
  /** The longest wait. Milliseconds, default 1000. */
  readonly maxDelayMs?: number
  /** Said at the end of the error when the time is up: what is likely wrong. */
  readonly hint?: (last: Error) => string | undefined
  /** Asked before each further attempt: an error ends the operation at once (the owner was closed). */
  readonly stopped?: () => Error | undefined
}

/**
 * Repeats an attempt until it succeeds: when it returns a `Retry`, or throws a StreamsError whose recovery is `retry` (a lost connection,
 * no response). The waits double up to a maximum. Any other error passes through at once.
 *
 * @param what - The operation, as the subject of a sentence: `Creating topic 'clicks'`.
 * @throws BrokerUnavailableError `STREAMS_BROKER_UNAVAILABLE`: the time is up; the message holds `what`, the time and the last cause.
 * @example
 * const node = await retrying(context, "Finding the coordinator of group 'g'", async () => {
 *   const { errorCode, nodeId } = await wire.send('any', 'findCoordinator', { key: 'g', keyType: 0 })
 *   return errorCode === 0 ? nodeId : new Retry(new Error(errorName(errorCode)))
 * })
 */
export async function retrying<T>(
  context: RetryContext,
  what: string,
  attempt: (signal: Attempt) => Promise<T | Retry>,
  options: RetryOptions = {},
): Promise<T> {
  const outages = context.outages ?? new OperationOutages(context.logger)
  const operation = {}
  let succeeded = false
  try {
    const onLong = (cause: Error, fields: object): void => outages.failing(operation, what, cause, fields)
    const result = await attempts({ context, what, attempt, options, onLong })
    succeeded = true
    return result
  } finally {
    outages.ended(operation, succeeded)
  }
}

interface Attempts<T> {
  readonly context: RetryContext
  readonly what: string
  readonly attempt: (signal: Attempt) => Promise<T | Retry>
  readonly options: RetryOptions
  /** Called once, when the operation has failed for `LOG_AFTER_MS`. */
  readonly onLong: (cause: Error, fields: object) => void
}

async function attempts<T>({ context, what, attempt, options, onLong }: Attempts<T>): Promise<T> {
  const { clock } = context
  const timeoutMs = options.timeoutMs ?? context.requestTimeoutMs
  const maxDelayMs = options.maxDelayMs ?? MAX_DELAY_MS
  const startMs = clock.monotonicMs()
  const firstDelayMs = options.firstDelayMs ?? FIRST_DELAY_MS
  let nextDelayMs = firstDelayMs
  let logged = false
  let telling: Error | undefined

  for (let number = 1; ; number++) {
    const remainingMs = Math.max(1, startMs + timeoutMs - clock.monotonicMs())
    // Attempts so late have so little time that having too little is why they fail.
    const isBrief = remainingMs < timeoutMs * BRIEF_SHARE
    let cause: Error
    let capMs = maxDelayMs
    try {
      const result = await attempt({ attempt: number, remainingMs, timeoutMs: Math.ceil(remainingMs / 2) })
      if (!(result instanceof Retry)) return result
      cause = result.cause
      capMs = result.maxDelayMs ?? maxDelayMs
    } catch (error) {
      // An operation within this one (finding a coordinator) was given the rest of the time.
      const wasCutShort = isBrief && error instanceof BrokerUnavailableError
      if (wasCutShort && telling !== undefined) throw timeIsUp(what, timeoutMs, telling, options.hint?.(telling))
      if (!(error instanceof StreamsError) || error.recovery !== 'retry') throw error
      cause = error
    }
    throwIfStopped(context, options)

    if (telling === undefined || !isBrief || !(cause instanceof StreamsError)) telling = cause
    const elapsedMs = clock.monotonicMs() - startMs
    const leftMs = timeoutMs - elapsedMs
    // Towards the end never more than half of what is left: the last attempt shall have some time too.
    const delayMs = Math.min(nextDelayMs, capMs, leftMs / 2)
    if (leftMs <= firstDelayMs) throw timeIsUp(what, timeoutMs, telling, options.hint?.(telling))
    if (!logged && elapsedMs >= LOG_AFTER_MS) {
      logged = true
      onLong(cause, { attempts: number, elapsedMs: Math.round(elapsedMs), timeoutMs })
    }
    await sleep(clock, delayMs)
    throwIfStopped(context, options)
    nextDelayMs = delayMs * 2
  }
}

function throwIfStopped(context: RetryContext, options: RetryOptions): void {
  const error = options.stopped?.() ?? context.closed?.()
  if (error !== undefined) throw error
}

function timeIsUp(what: string, timeoutMs: number, last: Error, hint: string | undefined): BrokerUnavailableError {
  const advice = hint === undefined ? '' : ` ${hint}`
  return new BrokerUnavailableError(
    `${what} did not succeed within ${Math.ceil(timeoutMs)} ms: ${last.message}.${advice}`,
    {
      cause: last,
    },
  )
}
