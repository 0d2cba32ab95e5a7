// What an admin owes its user, whatever the cluster.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Admin, Client, IsolationLevel, OffsetSpec } from '../../../lib/client/client.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { type ClusterHarness, contextFor, freshName, readValues, until } from './harness.ts'

async function failure(action: () => Promise<unknown>): Promise<Error & { code?: string; errorName?: string }> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('this should have failed')
}

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

    async function fill(topic: string, timestamps: readonly number[]): Promise<void> {
      const producer = client.producer({})
      await producer.init()
      for (const timestamp of timestamps) {
        producer.send(topic, 0, null, Buffer.from(`at ${timestamp}`), timestamp, NO_HEADERS)
        await producer.flush()
      }
      await producer.close()
    }

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
      expect(described.get(topic)).toEqual({
        topic,
        partitionCount: 3,
        topicId: expect.stringMatching(/^[0-9a-f]{32}$/),
      })
      expect((await admin.describeTopics([])).size).toBe(0)
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
      await fill(topic, [1_000, 2_000, 3_000])
      expect(await offset(topic, at)).toBe(expected)
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
      await fill(topic, [1, 2, 3])
      await admin.deleteRecords([{ topic, partition: 0, offset: 2 }])

      expect(await offset(topic, 'earliest')).toBe(2)
      expect(await readValues(harness, topic)).toEqual(['at 3'])
      await admin.deleteRecords([])
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

    it('changes single settings and resets them', async () => {
      const topic = await harness.topic({ configs: { 'retention.ms': '5000', 'segment.ms': '60000' } })
      const settings = async () => {
        const configs = await admin.describeConfigs(topic)
        return [configs.get('retention.ms'), configs.get('segment.ms'), configs.get('max.message.bytes')]
      }

      await admin.alterConfigs(topic, { 'retention.ms': '7000', 'max.message.bytes': '9000' })
      await until('the change is known', async () => (await settings())[0] === '7000')
      expect(await settings()).toEqual(['7000', '60000', '9000'])

      await admin.alterConfigs(topic, { 'max.message.bytes': null })
      await until('the reset is known', async () => (await settings())[2] === '1048588')
      expect(await settings()).toEqual(['7000', '60000', '1048588'])

      const bad = await failure(() => admin.alterConfigs(topic, { 'retention.ms': 'soon' }))
      expect(bad.code).toBe('STREAMS_BROKER_RESPONSE')
      expect(bad.message).toContain(topic)
    })

    it('gives up on a cluster that cannot be reached, within the request time-out', async () => {
      const away = wireClient(harness.unreachable, contextFor('away', 300))
      const error = await failure(() => away.admin.createTopics([{ topic: 'any', partitionCount: 1 }]))
      expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
      expect(error.message).toContain('300 ms')
      await away.close()
    })
  })
}
