// Three nodes, of which one at a time is killed and comes back: readers and group members go on by themselves.
import { expect, it } from '@jest/globals'
import type { FetchedPartition } from '../lib/client/client.ts'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { wireClient } from '../lib/client/wire-client.ts'
import { NO_HEADERS } from '../lib/core/record.ts'
import { Reader } from '../tests/contracts/client/fetch-reader.ts'
import { SharingAssignor, TestMember } from '../tests/contracts/client/group-members.ts'
import { contextFor, until } from '../tests/contracts/client/harness.ts'
import { describeWithBroker } from './broker/describe.ts'
import { startBroker } from './broker/index.ts'

const PARTITION_COUNT = 6
/** A node is missed after 4 s (see server-properties.ts), and its partitions and groups find another by then. */
const RECOVERY_MS = 40_000

describeWithBroker('a cluster that loses one node after the other', () => {
  it('is read on, record by record, and its groups stay', async () => {
    await using broker = await startBroker({ nodes: 3 })
    const context = contextFor('survivor', 60_000)
    const wires = kafkaWires({ brokers: broker.bootstrap.split(',') }, context)
    const client = wireClient(wires, context)
    const others = [wireClient(wires, context), wireClient(wires, context)]
    try {
      const topic = 'survives'
      await client.admin.createTopics([{ topic, partitionCount: PARTITION_COUNT, configs: { 'retention.ms': '-1' } }])
      const producer = client.producer({})
      await producer.init()
      const members = others.map((other, i) => {
        const assignor = new SharingAssignor(topic, PARTITION_COUNT)
        return new TestMember(other, 'survivors', assignor, { instanceId: `${i}`, sessionTimeoutMs: 40_000 })
      })
      await Promise.all(members.map(({ member }) => member.start()))
      const shared = async (): Promise<boolean> => {
        const owned = members.flatMap(({ partitions }) => partitions)
        return new Set(owned).size === PARTITION_COUNT && owned.length === PARTITION_COUNT
      }
      await until('both share', shared)
      const reader = new Reader(client)
      const partitions: FetchedPartition[] = Array.from({ length: PARTITION_COUNT }, (_, partition) =>
        reader.add(topic, partition),
      )
      let sent = 0
      const round = async (): Promise<void> => {
        for (let i = 0; i < 600; i++) {
          producer.send(topic, i % PARTITION_COUNT, null, Buffer.from(`${sent++}`), Date.now(), NO_HEADERS)
        }
        await producer.flush()
        for (const partition of partitions) {
          const taken = await reader.to(partition, sent / PARTITION_COUNT, RECOVERY_MS)
          expect(taken.map(({ value }) => Number(value!.toString()))).toEqual(
            Array.from({ length: 100 }, (_, i) => sent - 600 + i * PARTITION_COUNT + partition.partition),
          )
        }
        for (const { member, partitions: owned } of members) {
          await member.commit(owned.map((partition) => ({ topic, partition, offset: sent, metadata: '' })))
        }
      }
      await round()

      for (const node of broker.nodes) {
        await node.kill('SIGKILL')
        await round()
        await node.restart()
        await round()
      }

      expect(await shared()).toBe(true)
      for (const { events, fatal } of members) {
        expect(fatal).toBeUndefined()
        expect(events.filter((event) => event.startsWith('lost'))).toEqual([])
      }
    } finally {
      await Promise.all([client, ...others].map((each) => each.close()))
    }
  }, 300_000)
})
