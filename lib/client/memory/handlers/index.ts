import type { ApiName } from '../../protocol/apis.ts'
import type { BrokerState, Handler } from '../broker-state.ts'
import { apiVersions } from './api-versions.ts'
import { describeConfigs, incrementalAlterConfigs } from './configs.ts'
import { deleteRecords } from './delete-records.ts'
import { fetch } from './fetch.ts'
import { deleteGroups, describeGroups, listGroups, offsetDelete } from './group-admin.ts'
import { findCoordinator, heartbeat, joinGroup, leaveGroup, syncGroup } from './groups.ts'
import { listOffsets } from './list-offsets.ts'
import { metadata } from './metadata.ts'
import { offsetCommit, offsetFetch, txnOffsetCommit } from './offsets.ts'
import { produce } from './produce.ts'
import { createPartitions, createTopics, deleteTopics } from './topics.ts'
import { describeTransactions, listTransactions } from './transaction-admin.ts'
import { addOffsetsToTxn, addPartitionsToTxn, endTxn, endTxnV5, initProducerId } from './transactions.ts'

export type Handlers = { readonly [A in ApiName]: Handler<A> }

/** What answers each request. */
export function handlersOf(state: BrokerState): Handlers {
  return {
    apiVersions: apiVersions(state),
    produce: produce(state, 1),
    produceV12: produce(state, 2),
    fetch: fetch(state),
    listOffsets: listOffsets(state),
    metadata: metadata(state),
    offsetCommit: offsetCommit(state),
    offsetFetch: offsetFetch(state),
    findCoordinator: findCoordinator(state),
    joinGroup: joinGroup(state),
    heartbeat: heartbeat(state),
    leaveGroup: leaveGroup(state),
    syncGroup: syncGroup(state),
    createTopics: createTopics(state),
    deleteTopics: deleteTopics(state),
    deleteRecords: deleteRecords(state),
    initProducerId: initProducerId(state),
    addPartitionsToTxn: addPartitionsToTxn(state),
    addOffsetsToTxn: addOffsetsToTxn(state),
    endTxn: endTxn(state),
    endTxnV5: endTxnV5(state),
    txnOffsetCommit: txnOffsetCommit(state, 1),
    txnOffsetCommitV5: txnOffsetCommit(state, 2),
    describeConfigs: describeConfigs(state),
    createPartitions: createPartitions(state),
    incrementalAlterConfigs: incrementalAlterConfigs(state),
    describeGroups: describeGroups(state),
    listGroups: listGroups(state),
    deleteGroups: deleteGroups(state),
    offsetDelete: offsetDelete(state),
    describeTransactions: describeTransactions(state),
    listTransactions: listTransactions(state),
  }
}
