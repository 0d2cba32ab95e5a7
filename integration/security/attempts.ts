// What an application does first with a cluster, one by one; and a round trip that does a little of everything.
import { expect } from '@jest/globals'
import type { Client, GroupListener, GroupMember, ProducerOptions } from '../../lib/client/client.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { type ConsumedRecord, NO_HEADERS, type TopicPartition } from '../../lib/core/record.ts'
import { StreamsBuilder, serdes, type Topology } from '../../lib/index.ts'
import { freshName, until } from '../support/cluster.ts'

const strings = { key: serdes.string(), value: serdes.string() }

export function pipe(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder.stream(input, strings).to(output)
  return builder.build()
}

/** A member that wants all partitions of one topic. */
export function memberOf(
  client: Client,
  groupId: string,
  partition: TopicPartition,
  onAssigned: GroupListener['onAssigned'] = async () => {},
): GroupMember {
  const nothing = async (): Promise<void> => {}
  return client.groupMember({
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    assignor: {
      name: 'millrace',
      subscription: () => ({ topics: [partition.topic], userData: Buffer.alloc(0) }),
      assign: async (members) =>
        new Map(members.map(({ memberId }) => [memberId, { partitions: [partition], userData: Buffer.alloc(0) }])),
    },
    listener: { onRevoked: nothing, onAssigned, onLost: nothing, onFatal: () => {} },
  })
}

export async function send(client: Client, topic: string, options: ProducerOptions): Promise<void> {
  const producer = client.producer(options)
  await producer.init()
  producer.send(topic, 0, null, Buffer.from('hello'), systemClock.now(), NO_HEADERS)
  if (options.transactionalId === undefined) await producer.flush()
  else await producer.commit([], { groupId: 'nobody', memberId: '', generation: -1, instanceId: null })
  await producer.close()
}

/** The next record of a partition, read from its beginning. */
export async function firstRecord(client: Client, partition: TopicPartition): Promise<ConsumedRecord> {
  const fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady: () => {} })
  const fetched = fetcher.add(partition, 0)
  let record: ConsumedRecord | undefined
  await until(`a record of ${partition.topic}`, () => {
    record = fetched.next()
    return record !== undefined
  })
  await fetcher.close()
  return record!
}

/** Makes a topic, writes to it in a transaction that holds a group's offset, reads it, and joins that group. */
export async function roundTrip(client: Client): Promise<void> {
  const topic = freshName('round-trip')
  const groupId = freshName('readers')
  const partition = { topic, partition: 0 }
  await client.admin.createTopics([{ topic, partitionCount: 1 }])

  const producer = client.producer({ transactionalId: freshName('writer') })
  await producer.init()
  const member = memberOf(client, groupId, partition, async ({ group }) => {
    producer.send(topic, 0, null, Buffer.from('hello'), systemClock.now(), NO_HEADERS)
    await producer.commit([{ ...partition, offset: 0, metadata: 'begun' }], group)
  })
  await member.start()

  expect(String((await firstRecord(client, partition)).value)).toBe('hello')
  const committed = await member.committed([partition])
  expect([...committed.values()]).toEqual([{ offset: 0, metadata: 'begun' }])
  await member.close({ leaveGroup: true })
}
