// Requests of a client whose user lacks one permission: each says which.
import { expect, it } from '@jest/globals'
import type { Client } from '../../lib/client/client.ts'
import type { TopicPartition } from '../../lib/core/record.ts'
import { freshName } from '../support/cluster.ts'
import { type AclLine, type Acls, missingIn } from './acls.ts'
import { firstRecord, memberOf, send } from './attempts.ts'
import type { SecurityBench } from './bench.ts'
import { oauthFor } from './secured-broker.ts'

/** A request of a client, what its user is allowed, and what is missing. */
const requests: readonly {
  readonly what: string
  readonly allowed: (topic: string) => readonly AclLine[]
  readonly attempt: (client: Client, partition: TopicPartition) => Promise<unknown>
  readonly missing: (topic: string) => string
}[] = [
  {
    what: 'describe a topic',
    allowed: () => [],
    attempt: ({ admin }, { topic }) => admin.describeTopics([topic]),
    missing: (topic) => `DESCRIBE on topic '${topic}'`,
  },
  {
    what: 'list offsets',
    allowed: () => [],
    attempt: ({ admin }, each) => admin.offsets([each], 'latest', 'read_committed'),
    missing: (topic) => `DESCRIBE on topic '${topic}'`,
  },
  {
    what: 'create a topic',
    allowed: () => [],
    attempt: ({ admin }, { topic }) => admin.createTopics([{ topic: `${topic}-2`, partitionCount: 1 }]),
    missing: (topic) => `CREATE on topic '${topic}-2'`,
  },
  {
    what: 'add partitions',
    allowed: (topic) => [`DESCRIBE topic ${topic}`],
    attempt: ({ admin }, { topic }) => admin.createPartitions(topic, 2),
    missing: (topic) => `ALTER on topic '${topic}'`,
  },
  {
    what: 'delete a topic',
    allowed: (topic) => [`DESCRIBE topic ${topic}`],
    attempt: ({ admin }, { topic }) => admin.deleteTopics([topic]),
    missing: (topic) => `DELETE on topic '${topic}'`,
  },
  {
    what: 'delete records',
    allowed: (topic) => [`DESCRIBE topic ${topic}`],
    attempt: ({ admin }, each) => admin.deleteRecords([{ ...each, offset: 0 }]),
    missing: (topic) => `DELETE on topic '${topic}'`,
  },
  {
    what: 'read configs',
    allowed: (topic) => [`READ topic ${topic}`],
    attempt: ({ admin }, { topic }) => admin.describeConfigs(topic),
    missing: (topic) => `DESCRIBE_CONFIGS on topic '${topic}'`,
  },
  {
    what: 'change configs',
    allowed: (topic) => [`READ topic ${topic}`],
    attempt: ({ admin }, { topic }) => admin.alterConfigs(topic, { 'retention.ms': '-1' }),
    missing: (topic) => `ALTER_CONFIGS on topic '${topic}'`,
  },
  {
    what: 'read records',
    allowed: (topic) => [`DESCRIBE topic ${topic}`],
    attempt: firstRecord,
    missing: (topic) => `READ on topic '${topic}'`,
  },
  {
    what: 'take a producer id',
    allowed: (topic) => [`READ topic ${topic}`],
    attempt: (client, { topic }) => send(client, topic, {}),
    missing: () => "IDEMPOTENT_WRITE on cluster 'kafka-cluster'",
  },
  {
    what: 'write',
    allowed: (topic) => [`READ topic ${topic}`, 'IDEMPOTENT_WRITE cluster kafka-cluster'],
    attempt: (client, { topic }) => send(client, topic, {}),
    missing: (topic) => `WRITE on topic '${topic}'`,
  },
  {
    what: 'write in a transaction',
    allowed: (topic) => [`READ topic ${topic}`, `WRITE transactional-id ${topic}`],
    attempt: (client, { topic }) => send(client, topic, { transactionalId: topic }),
    missing: (topic) => `WRITE on topic '${topic}'`,
  },
  {
    what: 'describe a group',
    allowed: () => [],
    attempt: ({ admin }, { topic }) => admin.describeGroup(topic),
    missing: (topic) => `DESCRIBE on group '${topic}'`,
  },
  {
    what: 'delete a group',
    allowed: (topic) => [`DESCRIBE group ${topic}`],
    attempt: ({ admin }, { topic }) => admin.deleteGroup(topic),
    missing: (topic) => `DELETE on group '${topic}'`,
  },
  {
    what: "delete a group's offsets",
    allowed: (topic) => [`READ topic ${topic}`, `DESCRIBE group ${topic}`],
    attempt: ({ admin }, each) => admin.deleteOffsets(each.topic, [each]),
    missing: (topic) => `DELETE on group '${topic}'`,
  },
  {
    what: "set a group's offsets",
    allowed: (topic) => [`READ topic ${topic}`, `DESCRIBE group ${topic}`],
    attempt: ({ admin }, each) => admin.alterOffsets(each.topic, [{ ...each, offset: 0 }]),
    missing: (topic) => `READ on group '${topic}'`,
  },
  {
    what: 'describe a transaction',
    allowed: () => [],
    attempt: ({ admin }, { topic }) => admin.describeTransaction(topic),
    missing: (topic) => `DESCRIBE on transactional id '${topic}'`,
  },
  {
    what: 'fence producers',
    allowed: (topic) => [`DESCRIBE transactional-id ${topic}`],
    attempt: ({ admin }, { topic }) => admin.fenceProducers([topic]),
    missing: (topic) => `WRITE on transactional id '${topic}'`,
  },
  {
    what: 'read committed offsets',
    allowed: (topic) => [`READ topic ${topic}`],
    attempt: (client, each) => memberOf(client, each.topic, each).committed([each]),
    missing: (topic) => `DESCRIBE on group '${topic}'`,
  },
  {
    what: 'read the committed offsets of a topic',
    allowed: (topic) => [`DESCRIBE group ${topic}`],
    attempt: (client, each) => memberOf(client, each.topic, each).committed([each]),
    missing: (topic) => `DESCRIBE on topic '${topic}'`,
  },
]

export function clientPermissions(bench: () => SecurityBench, acls: () => Acls): void {
  it('a client: each refusal says what is missing', async () => {
    const outcomes = requests.map(async ({ what, allowed, attempt }) => {
      const topic = await bench().cluster.createTopic(1)
      await send(bench().cluster.client, topic, {})
      const user = freshName('user')
      await acls().allow(user, allowed(topic))
      const client = bench().client({ listener: 'SASL', sasl: oauthFor(user) })
      const error = await attempt(client, { topic, partition: 0 }).then(
        () => undefined,
        (reason) => reason,
      )
      return { what, topic, said: missingIn(error) }
    })
    const found = await Promise.all(outcomes)
    const wanted = requests.map(({ what, missing }, i) => ({
      what,
      topic: found[i]!.topic,
      said: missing(found[i]!.topic),
    }))
    expect(found).toEqual(wanted)
  }, 60_000)

  it('CREATE on the cluster is as good as on a topic', async () => {
    const user = freshName('user')
    const topic = freshName('topic')
    await acls().allow(user, ['CREATE cluster kafka-cluster', `DESCRIBE topic ${topic}`])
    const { admin } = bench().client({ listener: 'SASL', sasl: oauthFor(user) })
    await admin.createTopics([{ topic, partitionCount: 1 }])
    expect((await admin.describeTopics([topic])).size).toBe(1)
  })
}
