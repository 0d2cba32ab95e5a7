import { PROTOCOL_TYPE } from '../../group-protocol.ts'
import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { undescribedGroup } from '../error-response.ts'
import type { Group } from '../group.ts'

type Described = ResponseOf<'describeGroups'>['groups'][number]
type DeletedOffsets = ResponseOf<'offsetDelete'>['topics'][number]

/** Nobody connects from there; it is there to be shown. A broker writes addresses in this way. */
const CLIENT_HOST = '/127.0.0.1'
const NO_METADATA = Buffer.alloc(0)

/** A group that does not exist is described as dead. */
export function describeGroups(state: BrokerState): Handler<'describeGroups'> {
  return answer(({ groups }, { node }) => ({
    throttleTimeMs: 0,
    groups: groups.map((groupId) => {
      const errorCode = state.placement.coordinatorError('group', groupId, node)
      if (errorCode !== errorCodes.NONE) return undescribedGroup(groupId, errorCode)
      const group = state.groups.get(groupId)
      return group === undefined ? undescribedGroup(groupId, errorCodes.NONE, 'Dead') : described(group)
    }),
  }))
}

// Only a stable group tells the protocol that its members agreed on, and their metadata.
function described(group: Group): Described {
  const { groupId, state, protocolType, protocolName } = group
  const isStable = group.is('Stable')
  return {
    ...undescribedGroup(groupId, errorCodes.NONE, state),
    protocolType,
    protocolData: isStable ? protocolName : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: CLIENT_HOST,
      memberMetadata: isStable ? member.metadata(protocolName) : NO_METADATA,
      memberAssignment: member.assignment,
    })),
  }
}

/** Each node tells of the groups that it coordinates. */
export function listGroups(state: BrokerState): Handler<'listGroups'> {
  return answer(({ statesFilter }, { node }) => ({
    throttleTimeMs: 0,
    errorCode: errorCodes.NONE,
    groups: state.groups
      .all()
      .filter(({ groupId }) => state.placement.coordinatorError('group', groupId, node) === errorCodes.NONE)
      .filter((group) => statesFilter.length === 0 || statesFilter.includes(group.state))
      .map(({ groupId, protocolType, state: groupState }) => ({ groupId, protocolType, groupState })),
  }))
}

export function deleteGroups(state: BrokerState): Handler<'deleteGroups'> {
  return answer(({ groupsNames }, { node }) => ({
    throttleTimeMs: 0,
    results: groupsNames.map((groupId) => {
      const errorCode = state.placement.coordinatorError('group', groupId, node)
      return { groupId, errorCode: errorCode === errorCodes.NONE ? state.groups.delete(groupId) : errorCode }
    }),
  }))
}

/** Offsets of topics that a member has subscribed to stay; a partition without one is no error. */
export function offsetDelete(state: BrokerState): Handler<'offsetDelete'> {
  return answer(({ groupId, topics }, { node }) => {
    const failed = (errorCode: number) => ({ throttleTimeMs: 0, errorCode, topics: [] })
    const errorCode = state.placement.coordinatorError('group', groupId, node)
    if (errorCode !== errorCodes.NONE) return failed(errorCode)
    const group = state.groups.get(groupId)
    if (group === undefined) return failed(errorCodes.GROUP_ID_NOT_FOUND)
    if (!group.is('Empty') && group.protocolType !== PROTOCOL_TYPE) return failed(errorCodes.NON_EMPTY_GROUP)
    return { ...failed(errorCodes.NONE), topics: topics.map((topic) => deleteOffsets(state, group, topic)) }
  })
}

function deleteOffsets(
  state: BrokerState,
  group: Group,
  { name, partitions }: RequestOf<'offsetDelete'>['topics'][number],
): DeletedOffsets {
  const isSubscribed = group.isSubscribedTo(name)
  return {
    name,
    partitions: partitions.map(({ partitionIndex }) => {
      const failed = (errorCode: number) => ({ partitionIndex, errorCode })
      if (state.topics.partition(name, partitionIndex) === undefined) {
        return failed(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
      }
      if (isSubscribed) return failed(errorCodes.GROUP_SUBSCRIBED_TO_TOPIC)
      group.offsets.delete(name, partitionIndex)
      return failed(errorCodes.NONE)
    }),
  }
}
