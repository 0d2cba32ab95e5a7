// Taking an application back with an admin's calls: the group's offsets moved, internal topics deleted, state directory removed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client, OffsetTarget } from '../../../lib/client/client.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { KafkaStreams } from '../../../lib/kafka-streams.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import { failure } from './admin-support.ts'
import { type ClusterHarness, freshName, readAll, until } from './harness.ts'

const strings = { key: serdes.string(), value: serdes.string() }
const LINES = ['a b a', 'b c', 'a', 'c c d', 'a d']
const FIRST_LINE_MS = 1_000

function wordCount(input: string, output: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(input, strings)
    .flatMapValues((line) => line.split(' '))
    .groupBy((word) => word, strings)
    .count({ store: 'counts' })
    .toStream()
    .mapValues(String, strings)
    .to(output)
  return builder.build()
}

function countsIn(lines: readonly string[]): Readonly<Record<string, string>> {
  const counts = new Map<string, number>()
  for (const word of lines.join(' ').split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  return Object.fromEntries([...counts].map(([word, count]) => [word, String(count)]))
}

export function resetContract(open: () => Promise<ClusterHarness>): void {
  describe('an application that is taken back', () => {
    let harness: ClusterHarness
    let client: Client
    const applicationId = freshName('reset')
    const stateDir = mkdtempSync(join(tmpdir(), 'millrace-reset-'))
    let input: string
    let output: string

    beforeAll(async () => {
      harness = await open()
      client = harness.client('reset')
      ;[input, output] = [await harness.topic({ partitions: 2 }), await harness.topic()]
      const producer = client.producer({})
      await producer.init()
      LINES.forEach((line, index) => {
        producer.send(input, index % 2, null, Buffer.from(line), FIRST_LINE_MS + index * 1_000, NO_HEADERS)
      })
      await producer.flush()
    })
    afterAll(async () => {
      await harness.close()
      rmSync(stateDir, { recursive: true, force: true })
    })

    async function ends(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
      const found = [...(await client.admin.describeTopics(topics)).values()]
      const partitions = found.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition }) => ({ topic, partition })),
      )
      return client.admin.offsets(partitions, 'latest', 'read_uncommitted')
    }

    /** Runs the application until it has read all there is; returns the counts that it wrote last in this run. */
    async function run(whileRunning: () => Promise<void> = async () => {}): Promise<Record<string, string>> {
      const before = (await ends([output])).get(`${output}:0`)!
      const streams = new KafkaStreams(wordCount(input, output), {
        applicationId,
        client: { connect: (context) => wireClient(harness.wires, context) },
        stateDir,
        commitIntervalMs: 50,
        logger: silentLogger,
      })
      await streams.start()
      await until('all is read', async () => {
        const wanted = await ends([input, `${applicationId}-counts-repartition`])
        const committed = await client.admin.committedOffsets(applicationId)
        return [...wanted].every(([key, end]) => end === 0 || committed.get(key)?.offset === end)
      })
      await whileRunning()
      await streams.close()
      const written = (await readAll(harness, output)).filter(({ offset }) => offset >= before)
      return Object.fromEntries(written.map(({ key, value }) => [String(key), String(value)]))
    }

    async function takeBack(to: OffsetTarget): Promise<void> {
      const { admin } = client
      const partitions = (await admin.describeTopics([input])).get(input)!.partitions
      await admin.resetOffsets(
        applicationId,
        partitions.map(({ partition }) => ({ topic: input, partition })),
        to,
      )
      const isOwn = ({ topic }: { readonly topic: string }): boolean => topic.startsWith(`${applicationId}-`)
      // Brokers forget what was committed for a deleted topic, but not at once: a new one of that name would be read from there.
      const committed = [...(await admin.committedOffsets(applicationId)).values()]
      expect(committed.some(isOwn)).toBe(true)
      await admin.deleteOffsets(applicationId, committed.filter(isOwn))
      const internal = [...(await admin.listTopics()).values()].filter(isOwn).map(({ topic }) => topic)
      expect(internal.sort()).toEqual([`${applicationId}-counts-changelog`, `${applicationId}-counts-repartition`])
      await admin.deleteTopics(internal)
      rmSync(join(stateDir, applicationId), { recursive: true })
    }

    it('counts the same from zero, and from a time on only what comes after', async () => {
      const first = await run(async () => {
        const early = await failure(() => takeBack('earliest'))
        expect([early.code, early.message]).toEqual([
          'STREAMS_GROUP_NOT_EMPTY',
          expect.stringContaining('the group has 1 member'),
        ])
      })
      expect(first).toEqual(countsIn(LINES))

      await takeBack('earliest')
      expect(await run()).toEqual(first)

      // The lines from the third on.
      await takeBack({ timeMs: FIRST_LINE_MS + 2_000 })
      expect(await run()).toEqual(countsIn(LINES.slice(2)))

      // Without it, nothing is counted again.
      expect(await run()).toEqual({})
    }, 60_000)
  })
}
