// What an admin owes its user, whatever the cluster.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Admin, Client, IsolationLevel, OffsetSpec } from '../../../lib/client/client.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { adminConfigContract } from './admin-config-contract.ts'
import { adminGroupContract } from './admin-group-contract.ts'
import { failure, fill } from './admin-support.ts'
import { adminTransactionContract } from './admin-transaction-contract.ts'
import { type ClusterHarness, contextFor, freshName, readValues } from './harness.ts'
import { resetContract } from './reset-contract.ts'

export function adminContract(open: () => Promise<ClusterHarness>): void {
  describe('an admin', () => {
    let harness: ClusterHarness
    let client: Client
    let admin: Admin

    beforeAll(async () => {
      harness = await open()
      client = harness.client('admin')
      admin = client.admin
    })

    afterAll(() => harness.close())

    async function offset(topic: string, at: OffsetSpec, isolation: IsolationLevel = 'read_uncommitted') {
      return (await admin.offsets([{ topic, partition: 0 }], at, isolation)).get(`${topic}:0`)
    }

    it('names the cluster, always the same', async () => {
      const id = await admin.clusterId()
      expect(id.length).toBeGreaterThan(0)
      expect(await harness.client('another').admin.clusterId()).toBe(id)
    })

    it('describes the topics that exist and leaves out the others', async () => {
      const topic = await harness.topic({ partitions: 3 })
      const described = await admin.describeTopics([topic, freshName('missing')])

      expect([...described.keys()]).toEqual([topic])
      const { partitions, ...rest } = described.get(topic)!
      const topicId = expect.stringMatching(/^[0-9a-f]{32}$/)
      expect(rest).toEqual({ topic, partitionCount: 3, isInternal: false, topicId })
      const nodes = (await admin.describeCluster()).nodes.map(({ nodeId }) => nodeId)
      expect(partitions.map(({ partition }) => partition)).toEqual([0, 1, 2])
      for (const { leader, leaderEpoch, replicas, inSyncReplicas, offlineReplicas } of partitions) {
        expect(nodes).toContain(leader)
        expect(leaderEpoch).toBeGreaterThanOrEqual(0)
        expect(replicas).toContain(leader)
        expect(inSyncReplicas).toEqual(replicas)
        expect(offlineReplicas).toEqual([])
      }
      expect((await admin.describeTopics([])).size).toBe(0)
    })

    it('lists all topics, described', async () => {
      const topics = [await harness.topic({ partitions: 2 }), await harness.topic()]
      const listed = await admin.listTopics()
      for (const [topic, description] of await admin.describeTopics(topics)) {
        expect(listed.get(topic)).toEqual(description)
      }
      const missing = freshName('missing')
      expect(listed.has(missing)).toBe(false)
    })

    it('describes the cluster: its nodes, and one of them that takes changes', async () => {
      const { clusterId, controllerId, nodes } = await admin.describeCluster()
      expect(clusterId).toBe(await admin.clusterId())
      expect(nodes.map(({ nodeId }) => nodeId)).toContain(controllerId)
      expect(new Set(nodes.map(({ nodeId }) => nodeId)).size).toBe(nodes.length)
      for (const { host, port, rack } of nodes) {
        expect(host).not.toBe('')
        expect(port).toBeGreaterThan(0)
        expect(rack).toBeNull()
      }
    })

    it('creates topics with their settings, ready for use', async () => {
      const [one, two] = [freshName('made'), freshName('made')]
      await admin.createTopics([
        { topic: one, partitionCount: 2, configs: { 'cleanup.policy': 'compact', 'segment.bytes': '2000000' } },
        { topic: two, partitionCount: 1, replicationFactor: 1 },
      ])

      const configs = await admin.describeConfigs(one)
      expect([configs.get('cleanup.policy'), configs.get('segment.bytes')]).toEqual(['compact', '2000000'])
      expect(configs.get('max.message.bytes')).toBe('1048588')
      expect((await admin.describeTopics([one, two])).size).toBe(2)
      expect(await offset(two, 'latest')).toBe(0)
    })

    it('leaves a topic that exists as it is', async () => {
      const topic = await harness.topic({ partitions: 2 })
      await admin.createTopics([{ topic, partitionCount: 5 }])
      expect((await admin.describeTopics([topic])).get(topic)?.partitionCount).toBe(2)
    })

    it.each([
      { what: 'a bad name', topic: { topic: 'no/slash', partitionCount: 1 }, name: 'INVALID_TOPIC_EXCEPTION' },
      {
        what: 'more replicas than brokers',
        topic: { topic: 'replicas', partitionCount: 1, replicationFactor: 99 },
        name: 'INVALID_REPLICATION_FACTOR',
      },
      {
        what: 'an impossible setting',
        topic: { topic: 'settings', partitionCount: 1, configs: { 'cleanup.policy': 'burn' } },
        name: 'INVALID_CONFIG',
      },
    ])('refuses $what, naming the topic', async ({ topic, name }) => {
      const error = await failure(() => admin.createTopics([topic]))
      expect(error.code).toBe('STREAMS_BROKER_RESPONSE')
      expect(error.errorName).toBe(name)
      expect(error.message).toContain(topic.topic)
    })

    it('deletes topics; one made again under the name has another id', async () => {
      const topic = await harness.topic()
      const before = (await admin.describeTopics([topic])).get(topic)?.topicId

      await admin.deleteTopics([topic, freshName('missing')])
      expect((await admin.describeTopics([topic])).size).toBe(0)

      await admin.createTopics([{ topic, partitionCount: 1 }])
      const after = (await admin.describeTopics([topic])).get(topic)?.topicId
      expect(after).toMatch(/^[0-9a-f]{32}$/)
      expect(after).not.toBe(before)
    })

    it('adds partitions, and takes it calmly when they are there', async () => {
      const topic = await harness.topic({ partitions: 1 })
      await admin.createPartitions(topic, 3)
      await admin.createPartitions(topic, 3)
      expect((await admin.describeTopics([topic])).get(topic)?.partitionCount).toBe(3)

      const fewer = await failure(() => admin.createPartitions(topic, 2))
      expect(fewer.errorName).toBe('INVALID_PARTITIONS')
      expect(fewer.message).toContain(topic)
      const missing = await failure(() => admin.createPartitions(freshName('missing'), 2))
      expect(missing.code).toBe('STREAMS_UNKNOWN_TOPIC')
    })

    it.each([
      { at: 'earliest' as const, offset: 0 },
      { at: 'latest' as const, offset: 3 },
      { at: 0, offset: 0 },
      { at: 1_000, offset: 0 },
      { at: 1_001, offset: 1 },
      { at: 3_000, offset: 2 },
      { at: 3_001, offset: 3 },
    ])('finds offset $offset for $at', async ({ at, offset: expected }) => {
      const topic = await harness.topic()
      await fill(client, topic, [1_000, 2_000, 3_000])
      expect(await offset(topic, at)).toBe(expected)
    })

    // Records may lie out of the order of their times: the first one at or after the time counts, wherever later ones are.
    it.each([
      { at: 2_000, offset: 0 },
      { at: 3_001, offset: 2 },
      { at: Number.MAX_SAFE_INTEGER, offset: 3 },
    ])('finds offset $offset for $at among times out of order', async ({ at, offset: expected }) => {
      const topic = await harness.topic()
      await fill(client, topic, [3_000, 1_000, 5_000])
      expect(await offset(topic, at)).toBe(expected)
    })

    it('finds the log end for any time in an empty partition, and what is left for the time of what was deleted', async () => {
      const topic = await harness.topic()
      expect([await offset(topic, 0), await offset(topic, 1_000)]).toEqual([0, 0])
      await fill(client, topic, [1_000, 2_000, 3_000])
      await admin.deleteRecords([{ topic, partition: 0, offset: 2 }])
      expect([await offset(topic, 0), await offset(topic, 1_000), await offset(topic, 3_000)]).toEqual([2, 2, 2])
      await admin.deleteRecords([{ topic, partition: 0, offset: 3 }])
      expect([await offset(topic, 0), await offset(topic, 'earliest'), await offset(topic, 9_000)]).toEqual([3, 3, 3])
    })

    it.each<{ call: (admin: Admin) => Promise<unknown>; said: string }>([
      {
        call: (a) => a.offsets([], -1, 'read_committed'),
        said: 'offsets(): at must be an integer of at least 0, not -1',
      },
      { call: (a) => a.offsets([], Number.NaN, 'read_committed'), said: 'not NaN' },
      { call: (a) => a.offsets([], 0.5, 'read_committed'), said: 'not 0.5' },
      { call: (a) => a.deleteRecords([{ topic: 't', partition: 0, offset: -1 }]), said: 'deleteRecords(): offset' },
      { call: (a) => a.createTopics([{ topic: 't', partitionCount: 0 }]), said: 'createTopics(): partitionCount' },
      {
        call: (a) => a.createTopics([{ topic: 't', partitionCount: 1, replicationFactor: 40_000 }]),
        said: 'replicationFactor must be an integer from 1 to 32767',
      },
      { call: (a) => a.createPartitions('t', -1), said: 'createPartitions(): partitionCount' },
    ])('takes no argument that says something else on the wire: $said', async ({ call, said }) => {
      const error = await failure(() => call(admin))
      expect([error.code, error.message]).toEqual(['STREAMS_INVALID_ARGUMENT', expect.stringContaining(said)])
    })

    it('answers for many partitions of several topics at once', async () => {
      const topics = await Promise.all([harness.topic({ partitions: 20 }), harness.topic({ partitions: 20 })])
      const partitions = topics.flatMap((topic) => Array.from({ length: 20 }, (_, partition) => ({ topic, partition })))
      const found = await admin.offsets(partitions, 'latest', 'read_committed')
      expect(found.size).toBe(40)
      expect(new Set(found.values())).toEqual(new Set([0]))
      expect((await admin.offsets([], 'latest', 'read_committed')).size).toBe(0)
    })

    it('shows the end of committed data before that of all data', async () => {
      const topic = await harness.topic()
      const producer = client.producer({ transactionalId: freshName('tx') })
      await producer.init()
      producer.send(topic, 0, null, Buffer.from('open'), 1, NO_HEADERS)
      await producer.flush()

      expect(await offset(topic, 'latest', 'read_committed')).toBe(0)
      expect(await offset(topic, 'latest', 'read_uncommitted')).toBe(1)
      await producer.abort()
      await producer.close()
    })

    it('says which topic or partition does not exist', async () => {
      const topic = await harness.topic()
      const missing = freshName('missing')
      const impatient = wireClient(harness.wires, contextFor('impatient', 1_000))
      const [unknownTopic, unknownPartition, unknownConfigs] = await Promise.all([
        failure(() => impatient.admin.offsets([{ topic: missing, partition: 0 }], 'latest', 'read_committed')),
        failure(() => impatient.admin.offsets([{ topic, partition: 9 }], 'latest', 'read_committed')),
        failure(() => impatient.admin.describeConfigs(missing)),
      ])
      expect([unknownTopic.code, unknownTopic.message]).toEqual([
        'STREAMS_UNKNOWN_TOPIC',
        expect.stringContaining(missing),
      ])
      expect([unknownPartition.code, unknownPartition.message]).toEqual([
        'STREAMS_BROKER_RESPONSE',
        expect.stringContaining(`'${topic}' has no partition 9`),
      ])
      expect(unknownConfigs.code).toBe('STREAMS_UNKNOWN_TOPIC')
      await impatient.close()
    })

    it('deletes records before an offset', async () => {
      const topic = await harness.topic()
      await fill(client, topic, [1, 2, 3])
      await admin.deleteRecords([{ topic, partition: 0, offset: 2 }])

      expect(await offset(topic, 'earliest')).toBe(2)
      expect(await readValues(harness, topic)).toEqual(['at 3'])
      await admin.deleteRecords([])
      // Again, and what is gone already.
      await admin.deleteRecords([{ topic, partition: 0, offset: 2 }])
      await admin.deleteRecords([{ topic, partition: 0, offset: 0 }])
      expect(await offset(topic, 'earliest')).toBe(2)
      await admin.deleteRecords([{ topic, partition: 0, offset: 3 }])
      expect(await offset(topic, 'earliest')).toBe(3)
    })

    it('deletes no records of a compacted topic, and none beyond the end', async () => {
      const compacted = await harness.topic({ configs: { 'cleanup.policy': 'compact' } })
      const topic = await harness.topic()
      const policy = await failure(() => admin.deleteRecords([{ topic: compacted, partition: 0, offset: 0 }]))
      const beyond = await failure(() => admin.deleteRecords([{ topic, partition: 0, offset: 99 }]))

      expect([policy.errorName, policy.message]).toEqual([
        'POLICY_VIOLATION',
        expect.stringContaining(`${compacted}-0`),
      ])
      expect([beyond.errorName, beyond.message]).toEqual(['OFFSET_OUT_OF_RANGE', expect.stringContaining(`${topic}-0`)])
    })

    it('gives up on a cluster that cannot be reached, within the request time-out', async () => {
      const away = wireClient(harness.unreachable, contextFor('away', 300))
      const error = await failure(() => away.admin.createTopics([{ topic: 'any', partitionCount: 1 }]))
      expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
      expect(error.message).toContain('300 ms')
      await away.close()
    })
  })
  adminConfigContract(open)
  adminGroupContract(open)
  adminTransactionContract(open)
  resetContract(open)
}
