import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import { joinError, syncResponse } from '../group-member.ts'
import { address } from './metadata.ts'

const GROUP_KEY = 0
const TRANSACTION_KEY = 1

export function findCoordinator(state: BrokerState): Handler<'findCoordinator'> {
  return answer(({ key, keyType }) => {
    const failed = { throttleTimeMs: 0, errorMessage: null, nodeId: -1, host: '', port: -1 }
    if (keyType !== GROUP_KEY && keyType !== TRANSACTION_KEY) {
      return { ...failed, errorCode: errorCodes.INVALID_REQUEST }
    }
    const nodeId = state.placement.coordinator(keyType === GROUP_KEY ? 'group' : 'transaction', key)
    if (nodeId === undefined) return { ...failed, errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE }
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, errorMessage: null, nodeId, ...address(nodeId) }
  })
}

/** Parked until the members that the group knows have all joined, or their time is up. */
export function joinGroup(state: BrokerState): Handler<'joinGroup'> {
  return (request, { node, clientId }, respond) => {
    const errorCode = state.placement.coordinatorError('group', request.groupId, node)
    if (errorCode !== errorCodes.NONE) respond(joinError(errorCode, request.memberId))
    else state.groups.join(request, clientId, respond)
    return undefined
  }
}

/** Parked until the leader has sent the assignments. */
export function syncGroup(state: BrokerState): Handler<'syncGroup'> {
  return (request, { node }, respond) => {
    const errorCode = state.placement.coordinatorError('group', request.groupId, node)
    if (errorCode !== errorCodes.NONE) respond(syncResponse(errorCode))
    else state.groups.sync(request, respond)
    return undefined
  }
}

export function heartbeat(state: BrokerState): Handler<'heartbeat'> {
  return answer((request, { node }) => {
    const errorCode = state.placement.coordinatorError('group', request.groupId, node)
    return {
      throttleTimeMs: 0,
      errorCode: errorCode === errorCodes.NONE ? state.groups.heartbeat(request) : errorCode,
    }
  })
}

export function leaveGroup(state: BrokerState): Handler<'leaveGroup'> {
  return answer((request, { node }) => {
    const errorCode = state.placement.coordinatorError('group', request.groupId, node)
    const members = errorCode === errorCodes.NONE ? state.groups.leave(request) : []
    return { throttleTimeMs: 0, errorCode, members }
  })
}
