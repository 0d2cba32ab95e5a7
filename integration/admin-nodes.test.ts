// An admin on three nodes: what it learns from each of them, and what it shows, and still does, when one is killed.
import { expect, it } from '@jest/globals'
import { kafkaCluster } from '../lib/client/kafkajs/index.ts'
import { openClient } from '../lib/client/open-client.ts'
import { until } from '../tests/contracts/client/harness.ts'
import { describeWithBroker } from './broker/describe.ts'
import { startBroker } from './broker/index.ts'

const GROUP_COUNT = 12
/** A node is missed after 4 s (see server-properties.ts); the machine may be busy. */
const MISSED_MS = 60_000

describeWithBroker('an admin of three nodes', () => {
  it('asks each for its own, and goes on without one that is killed', async () => {
    await using broker = await startBroker({ nodes: 3 })
    const client = openClient(kafkaCluster({ brokers: broker.bootstrap.split(',') }), { requestTimeoutMs: MISSED_MS })
    const { admin } = client
    try {
      const nodeIds = async () => (await admin.describeCluster()).nodes.map(({ nodeId }) => nodeId).sort()
      await until('all nodes are up', async () => (await nodeIds()).join() === '1,2,3', MISSED_MS)
      await admin.createTopics([{ topic: 'clicks', partitionCount: 6, replicationFactor: 3 }])
      const partitions = async () => (await admin.describeTopics(['clicks'])).get('clicks')!.partitions
      const placed = await partitions()
      expect(new Set(placed.map(({ leader }) => leader))).toEqual(new Set([1, 2, 3]))
      for (const { replicas, inSyncReplicas, offlineReplicas } of placed) {
        expect([[...replicas].sort(), [...inSyncReplicas].sort(), offlineReplicas]).toEqual([[1, 2, 3], [1, 2, 3], []])
      }

      const groupIds = Array.from({ length: GROUP_COUNT }, (_, i) => `group-${String(i).padStart(2, '0')}`)
      for (const [i, groupId] of groupIds.entries()) {
        await admin.alterOffsets(groupId, [{ topic: 'clicks', partition: 0, offset: i }])
      }
      const coordinators = await Promise.all(
        groupIds.map(async (groupId) => (await admin.describeGroup(groupId))!.coordinator),
      )
      expect(new Set(coordinators)).toEqual(new Set([1, 2, 3]))
      expect((await admin.listGroups()).map(({ groupId }) => groupId)).toEqual(groupIds)

      // Each broker has its own.
      await admin.alterConfigs({ broker: 2 }, { 'log.cleaner.backoff.ms': '14000' })
      const backOffs = () =>
        Promise.all(
          [1, 2, 3].map(async (id) => (await admin.describeConfigs({ broker: id })).get('log.cleaner.backoff.ms')),
        )
      await until('broker 2 follows', async () => (await backOffs()).join() === '15000,14000,15000', MISSED_MS)

      const victim = coordinators[0]!
      const node = broker.nodes.find(({ address }) => address.nodeId === victim)!
      await node.kill()
      // At once: its groups have no other coordinator yet.
      await admin.alterOffsets(groupIds[0]!, [{ topic: 'clicks', partition: 0, offset: 100 }])
      expect((await admin.describeGroup(groupIds[0]!))!.coordinator).not.toBe(victim)
      // Each of the two lists the groups that it has taken over so far.
      const listed = async () => (await admin.listGroups()).map(({ groupId }) => groupId)
      await until('all groups are taken over', async () => (await listed()).join() === groupIds.join(), MISSED_MS)
      for (const [i, groupId] of groupIds.entries()) {
        const { offset } = (await admin.committedOffsets(groupId)).get('clicks:0')!
        expect(offset).toBe(i === 0 ? 100 : i)
      }

      const left = [1, 2, 3].filter((id) => id !== victim)
      await until(
        'the partitions are under-replicated',
        async () =>
          (await partitions()).every(({ inSyncReplicas }) => [...inSyncReplicas].sort().join() === left.join()),
        MISSED_MS,
      )
      for (const { leader, replicas, offlineReplicas } of await partitions()) {
        expect(left).toContain(leader)
        expect(replicas).toHaveLength(3)
        expect(offlineReplicas).toEqual([victim])
      }
      expect(await nodeIds()).toEqual(left)
      await expect(admin.describeConfigs({ broker: victim })).rejects.toMatchObject({
        errorName: 'BROKER_ID_NOT_REGISTERED',
        message: expect.stringContaining(`the brokers that are up are ${left.join(', ')}`),
      })
      const ends = await admin.offsets(
        placed.map(({ partition }) => ({ topic: 'clicks', partition })),
        'latest',
        'read_committed',
      )
      expect(new Set(ends.values())).toEqual(new Set([0]))
    } finally {
      await client.close()
    }
  }, 300_000)
})
