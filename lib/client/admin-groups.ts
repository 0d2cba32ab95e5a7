// Flow: admin → [admin-groups] → admin-requests → Wire.
import type { AdminParts } from './admin.ts'
import { requireId } from './admin-arguments.ts'
import { adminRefused } from './admin-errors.ts'
import { askCoordinator, askEveryNode, incomplete, type Target } from './admin-requests.ts'
import { onCluster, onGroup } from './authorization.ts'
import type { GroupDescription, GroupListing, GroupMemberDescription } from './client.ts'
import { GroupNotEmptyError } from './errors.ts'
import { decodeAssignment, PROTOCOL_TYPE } from './group-protocol.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { MalformedMessageError } from './protocol/schema.ts'
import { Retry } from './retry.ts'

type Described = ResponseOf<'describeGroups'>['groups'][number]

/** How brokers describe a group that does not exist. */
const DEAD = 'Dead'

/** See Admin.listGroups. */
export function listGroups(parts: AdminParts): Promise<readonly GroupListing[]> {
  const what = 'Listing the groups'
  const ask = async ({ node, timeoutMs }: Target): Promise<readonly GroupListing[] | Retry> => {
    const { errorCode, groups } = await parts.wire.send(node, 'listGroups', { statesFilter: [] }, { timeoutMs })
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    if (errorCode !== errorCodes.NONE) throw adminRefused(what, errorCode, null, [onCluster('DESCRIBE')])
    return groups.map(({ groupId, protocolType, groupState }) => ({ groupId, protocolType, state: groupState }))
  }
  return askEveryNode(parts, what, ask, ({ groupId }) => groupId)
}

/** See Admin.describeGroup. */
export async function describeGroup(
  parts: AdminParts,
  groupId: string,
  callTimeoutMs?: number,
): Promise<GroupDescription | undefined> {
  requireId('describeGroup', 'groupId', groupId)
  const what = `Describing group '${groupId}'`
  const ask = async ({ node, timeoutMs }: Target): Promise<GroupDescription | undefined | Retry> => {
    const request = { groups: [groupId], includeAuthorizedOperations: false }
    const response = await parts.wire.send(node, 'describeGroups', request, { timeoutMs })
    const group = response.groups.find((each) => each.groupId === groupId)
    if (group === undefined) return incomplete()
    const { errorCode, groupState: state, protocolType, protocolData: protocol } = group
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    if (errorCode === errorCodes.GROUP_ID_NOT_FOUND || state === DEAD) return undefined
    if (errorCode !== errorCodes.NONE) throw adminRefused(what, errorCode, null, [onGroup(groupId, 'DESCRIBE')])
    return { groupId, state, protocolType, protocol, coordinator: node, members: membersOf(group) }
  }
  return askCoordinator(parts, 'group', groupId, what, ask, callTimeoutMs)
}

function membersOf({ protocolType, members }: Described): readonly GroupMemberDescription[] {
  return members.map(({ memberId, groupInstanceId, clientId, clientHost, memberAssignment }) => ({
    memberId,
    instanceId: groupInstanceId,
    clientId,
    // Java writes an address without a name as `/127.0.0.1`.
    host: clientHost.startsWith('/') ? clientHost.slice(1) : clientHost,
    partitions: protocolType === PROTOCOL_TYPE ? partitionsIn(memberAssignment) : [],
    assignment: memberAssignment,
  }))
}

// The bytes are the members' own business: a group that writes others must still be describable.
function partitionsIn(assignment: Buffer): GroupMemberDescription['partitions'] {
  try {
    return decodeAssignment(assignment).partitions
  } catch (error) {
    if (error instanceof MalformedMessageError) return []
    throw error
  }
}

/** See Admin.deleteGroup. */
export async function deleteGroup(parts: AdminParts, groupId: string): Promise<void> {
  requireId('deleteGroup', 'groupId', groupId)
  const what = `Deleting group '${groupId}'`
  return askCoordinator(parts, 'group', groupId, what, async ({ node, timeoutMs, remainingMs }) => {
    const response = await parts.wire.send(node, 'deleteGroups', { groupsNames: [groupId] }, { timeoutMs })
    const errorCode = response.results.find((each) => each.groupId === groupId)?.errorCode
    if (errorCode === undefined) return incomplete()
    if (errorCode === errorCodes.NONE || errorCode === errorCodes.GROUP_ID_NOT_FOUND) return undefined
    if (errorCode === errorCodes.NON_EMPTY_GROUP) return notEmpty(parts, what, groupId, errorCode, remainingMs())
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    throw adminRefused(what, errorCode, null, [onGroup(groupId, 'DELETE')])
  })
}

/**
 * The coordinator has refused because the group has members: says who they are. If they have left by now, the same may be tried again.
 *
 * @throws GroupNotEmptyError `STREAMS_GROUP_NOT_EMPTY`
 */
export async function notEmpty(
  parts: AdminParts,
  what: string,
  groupId: string,
  errorCode: number,
  remainingMs: number,
): Promise<Retry> {
  const group = await describeGroup(parts, groupId, remainingMs)
  // Of a group that is not of the classic protocol no more is known than that it refuses.
  if (group === undefined || group.members.length > 0) throw new GroupNotEmptyError(what, groupId, group?.members ?? [])
  return new Retry(new Error(`the group had members (${errorName(errorCode)})`))
}
