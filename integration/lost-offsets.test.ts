// Committed offsets that are gone, on a real broker: deleted with the group, which is what their expiry does, and with their topic, which Kafka does itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, StreamsBuilder, serdes, silentLogger, type Topology } from '../lib/index.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freshName, TestCluster, until } from './support/cluster.ts'

const strings = { key: serdes.string(), value: serdes.string() }

function counts(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(input, strings)
    .groupBy(() => 'all', strings)
    .count({ store: 'counts' })
    .toStream()
    .mapValues(String, strings)
    .to(output)
  return builder.build()
}

describeWithBroker('an application whose committed offsets are gone', (brokers) => {
  it('is not started over its state, until they are set; a topic that was created anew is read', async () => {
    const cluster = new TestCluster()
    const { admin } = cluster.client
    const stateDir = mkdtempSync(join(tmpdir(), 'millrace-lost-offsets-'))
    const applicationId = freshName('lost-offsets')
    const repartition = `${applicationId}-counts-repartition`
    try {
      const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
      const open = () =>
        new KafkaStreams(counts(input, output), {
          applicationId,
          brokers: brokers.split(','),
          stateDir,
          sessionTimeoutMs: 1_000,
          logger: silentLogger,
        })
      const counted = async (lines: number) => {
        await cluster.produceLines(input, Array.from({ length: lines }, String))
        const streams = open()
        await streams.start()
        await cluster.caughtUp(applicationId, [input, repartition])
        await streams.close()
      }
      const latest = async () => (await cluster.readCommitted(output)).at(-1)?.value?.toString()
      const groupIsEmpty = async () => ((await admin.describeGroup(applicationId))?.members.length ?? 0) === 0

      await counted(10)
      await counted(0)
      expect(await latest()).toBe('10')
      const before = await admin.committedOffsets(applicationId)
      await until('the group is empty', groupIsEmpty)
      await admin.deleteGroup(applicationId)
      await expect(open().start()).rejects.toMatchObject({
        code: 'STREAMS_COMMITTED_OFFSETS_LOST',
        taskId: '1_0',
        partitions: [{ topic: repartition, partition: 0 }],
      })
      await until('the group is empty', groupIsEmpty)
      await admin.alterOffsets(
        applicationId,
        [...before.values()].map(({ topic, partition, offset }) => ({ topic, partition, offset })),
      )
      await counted(5)
      expect(await latest()).toBe('15')

      // Its offsets go with it; what it holds now was never counted.
      await until('the group is empty', groupIsEmpty)
      await admin.deleteTopics([input])
      await admin.createTopics([{ topic: input, partitionCount: 1, replicationFactor: 1 }])
      await until('its offset is forgotten', async () =>
        [...(await admin.committedOffsets(applicationId)).values()].every(({ topic }) => topic !== input),
      )
      await counted(3)
      expect(await latest()).toBe('18')
    } finally {
      await cluster.close()
      rmSync(stateDir, { recursive: true, force: true })
    }
  }, 120_000)
})
