// What the coordinator's error codes mean to a member.
import { onGroup, unauthorized } from './authorization.ts'
import type { ClientContext } from './client.ts'
import { BrokerResponseError, BrokerUnavailableError, FencedInstanceError } from './errors.ts'
import { isOutage } from './outage.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'

/**
 * - `outage`: the coordinator is away, moving or loading: ask again.
 * - `rebalance`: the group has begun, or is in the middle of, a rebalance: join.
 * - `unknown-member`: the group has dropped this member.
 * - `illegal-generation`: the group went on without this member, and still knows it.
 * - `strangers`: the group has members of another protocol, which may be dead.
 * - `fatal`: nothing that this member does will help.
 */
export type GroupFailureKind = 'outage' | 'rebalance' | 'unknown-member' | 'illegal-generation' | 'strangers' | 'fatal'

/** A request to the coordinator that did not succeed, and what that means. */
export class GroupFailure {
  readonly kind: GroupFailureKind
  readonly error: Error

  constructor(kind: GroupFailureKind, error: Error) {
    this.kind = kind
    this.error = error
  }
}

/** What a member is called in messages, and what its requests have in common. */
export interface GroupIdentity {
  readonly groupId: string
  readonly instanceId: string | null
  /** The name of the group protocol, which is the assignor's. */
  readonly protocol: string
  readonly sessionTimeoutMs: number
}

/** Whether the member is no longer part of the group's generation, so that its partitions may be anybody's. */
export function isLoss(failure: GroupFailure): boolean {
  return failure.kind === 'unknown-member' || failure.kind === 'illegal-generation'
}

/** A failure without a response. */
export function failureOfError(error: unknown): GroupFailure {
  return new GroupFailure(isOutage(error) ? 'outage' : 'fatal', error as Error)
}

/** A failure that the coordinator reports. `what` is the operation, as the subject of a sentence. */
export function failureOfCode(code: number, what: string, identity: GroupIdentity): GroupFailure {
  const name = errorName(code)
  const error = (): Error =>
    unauthorized(what, code, [onGroup(identity.groupId, 'READ')]) ??
    new BrokerResponseError(name, code, `${what} failed: ${advice(code, identity)}`)
  switch (code) {
    case errorCodes.REBALANCE_IN_PROGRESS:
      return new GroupFailure('rebalance', error())
    case errorCodes.UNKNOWN_MEMBER_ID:
      return new GroupFailure('unknown-member', error())
    case errorCodes.ILLEGAL_GENERATION:
      return new GroupFailure('illegal-generation', error())
    case errorCodes.FENCED_INSTANCE_ID:
      return new GroupFailure('fatal', new FencedInstanceError(identity.instanceId ?? '', identity.groupId))
    case errorCodes.INCONSISTENT_GROUP_PROTOCOL:
      return new GroupFailure('strangers', error())
    // Not marked as one that passes, but the coordinator's own trouble.
    case errorCodes.UNKNOWN_SERVER_ERROR:
      return new GroupFailure('outage', error())
    default:
      return new GroupFailure(isRetriable(code) ? 'outage' : 'fatal', error())
  }
}

/** The end of the patience at the start. */
export function notReached(groupId: string, context: ClientContext, cause: Error): BrokerUnavailableError {
  const message = `Group '${groupId}' could not be joined within ${context.requestTimeoutMs} ms: ${cause.message}`
  return new BrokerUnavailableError(message, { cause })
}

function advice(code: number, { groupId, protocol, sessionTimeoutMs }: GroupIdentity): string {
  const name = errorName(code)
  switch (code) {
    case errorCodes.INCONSISTENT_GROUP_PROTOCOL:
      return `the other members of group '${groupId}' use another assignor or protocol than '${protocol}' (${name}): stop them, or choose another group`
    case errorCodes.INVALID_SESSION_TIMEOUT:
      return `a session time-out of ${sessionTimeoutMs} ms is not allowed (${name}): see group.min.session.timeout.ms and group.max.session.timeout.ms of the broker`
    case errorCodes.GROUP_MAX_SIZE_REACHED:
      return `group '${groupId}' has as many members as the broker's group.max.size allows (${name})`
    default:
      return name
  }
}
