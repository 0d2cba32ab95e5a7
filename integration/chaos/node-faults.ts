// What is done to the nodes: never to two of them at a time.
import type { Admin } from '../../lib/client/client.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import type { TestNode } from '../broker/index.ts'
import type { FailoverCluster } from '../support/failover-cluster.ts'
import type { FaultLog } from './fault-log.ts'
import { APPLICATION_ID, INPUTS, PARTITIONS, REPARTITION_TOPIC } from './topology.ts'

const MAX_DEAD_MS = 3_000
const MAX_STARTS = 3

export interface NodeFaultContext {
  readonly cluster: FailoverCluster
  readonly admin: Admin
  readonly log: FaultLog
  /** Numbers in [0, 1) of this fault. */
  readonly random: () => number
}

/** kill -9 of a node that has a role, and its restart; over when every replica is in sync again. */
async function killNode({ cluster, admin, log, random }: NodeFaultContext): Promise<void> {
  const roles = [leader, groupCoordinator, transactionCoordinator]
  const find = roles[Math.floor(random() * roles.length)]!
  const [role, nodeId] = await find(cluster, admin, random())
  const deadMs = random() * MAX_DEAD_MS
  const node = cluster.node(nodeId)
  await node.kill('SIGKILL')
  log.happened('kill a node', `node ${nodeId}`, node.running ? undefined : role)
  await sleep(systemClock, deadMs)
  await restart(node, log)
  for (const topic of [...INPUTS, REPARTITION_TOPIC]) await cluster.healed(topic)
  log.note(`node ${nodeId}: is back, all replicas are in sync`)
}

// Kafka itself may stop at what a kill has left (a replica that has fallen behind what was deleted truncates its log while segments are being removed), and goes
// on when it is started again.
async function restart(node: TestNode, log: FaultLog): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await node.restart()
    } catch (error) {
      const kept = log.keep(node.logFile, `node-${node.address.nodeId}`)
      log.note(`node ${node.address.nodeId}: start ${attempt} failed: ${String(error).split('\n')[0]} Log: ${kept}`)
      if (attempt === MAX_STARTS) throw error
      await node.kill('SIGKILL')
    }
  }
}

type Role = readonly [role: string, nodeId: number]

async function leader(cluster: FailoverCluster, _: Admin, random: number): Promise<Role> {
  const partition = Math.floor(random * PARTITIONS)
  return [`leader of ${REPARTITION_TOPIC}-${partition}`, await cluster.leaderOf(REPARTITION_TOPIC, partition)]
}

async function groupCoordinator(cluster: FailoverCluster): Promise<Role> {
  return ['coordinator of the group', await cluster.coordinatorOf('group', APPLICATION_ID)]
}

// At least once there are no transactions.
async function transactionCoordinator(cluster: FailoverCluster, admin: Admin, random: number): Promise<Role> {
  const ids = (await admin.listTransactions()).map(({ transactionalId }) => transactionalId)
  const id = ids[Math.floor(random * ids.length)]
  if (id === undefined) return groupCoordinator(cluster)
  return [`coordinator of ${id}`, await cluster.coordinatorOf('transaction', id)]
}

export const nodeFaults = [{ share: 1, fault: killNode }]
