// Flow: admin-groups, admin-group-offsets, admin-transactions → [admin-requests] → Wire.
import { StreamsError } from '../core/errors.ts'
import type { AdminParts } from './admin.ts'
import type { CoordinatorType } from './coordinators.ts'
import { type Attempt, Retry, retrying } from './retry.ts'

/** Where and for how long one request of an attempt is sent. */
export interface Target {
  readonly node: number
  readonly timeoutMs: number
}

/** A target, and the time that is left of the whole call, in milliseconds, for further questions that an answer makes necessary. */
export interface CoordinatorTarget extends Target {
  remainingMs(): number
}

/** A response lacks what was asked for: as good as lost. */
export function incomplete(): Retry {
  return new Retry(new Error('the answer is incomplete'))
}

/**
 * Asks the coordinator of a group or a transactional id, and finds it anew when it cannot be reached or is not the one any more.
 *
 * @param what - The operation as the subject of a sentence: `Deleting group 'app'`.
 * @param callTimeoutMs - How long the call may take, retries included. Default: the request time-out.
 */
export function askCoordinator<T>(
  { coordinators, context }: AdminParts,
  type: CoordinatorType,
  key: string,
  what: string,
  ask: (target: CoordinatorTarget) => Promise<T | Retry>,
  callTimeoutMs: number = context.requestTimeoutMs,
): Promise<T> {
  const deadlineMs = context.clock.monotonicMs() + callTimeoutMs
  const remainingMs = (): number => Math.max(1, deadlineMs - context.clock.monotonicMs())
  const attempt = ({ timeoutMs }: Attempt): Promise<T | Retry> =>
    coordinators.ask(type, key, remainingMs(), (node) => ask({ node, timeoutMs, remainingMs }))
  return retrying<T>(context, what, attempt, { timeoutMs: callTimeoutMs })
}

/**
 * Asks every broker for its part of a list. If one does not answer all are asked again: what it told of may have moved to another by then.
 *
 * @param idOf - Two brokers may tell of the same thing while it moves; it is listed once.
 * @returns In order of ids.
 */
export function askEveryNode<T>(
  { metadata, context }: AdminParts,
  what: string,
  ask: (target: Target) => Promise<readonly T[] | Retry>,
  idOf: (item: T) => string,
): Promise<readonly T[]> {
  return retrying(context, what, async ({ remainingMs, timeoutMs }) => {
    const { nodes } = await metadata.cluster(remainingMs)
    if (nodes.length === 0) return incomplete()
    const answers = await Promise.all(nodes.map(({ nodeId }) => orRetry(ask({ node: nodeId, timeoutMs }))))
    const items = new Map<string, T>()
    for (const answer of answers) {
      if (answer instanceof Retry) return answer
      for (const item of answer) items.set(idOf(item), item)
    }
    return [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
  })
}

async function orRetry<T>(answer: Promise<T | Retry>): Promise<T | Retry> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof StreamsError && error.recovery === 'retry') return new Retry(error)
    throw error
  }
}
