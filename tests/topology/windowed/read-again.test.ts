// At least once, a crash leaves changelogs ahead of the committed offsets: what is read again is as new to its windows as it was the first time.
import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import { windows } from '../../../topology/windows.ts'
import { TestApp } from '../../support/test-app.ts'

const T0 = 1_700_000_000_000
const strings = { key: serdes.string(), value: serdes.string() }

// Stream time closes the windows of the records before the last one.
const input = [
  ['a', 20],
  ['b', 50],
  ['c', 159],
] as const

function topology(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', strings)
    .groupByKey(strings)
    .windowedBy(windows.tumbling({ sizeMs: 20, graceMs: 15 }))
    .reduce((all, one) => `${all}${one}`)
    .toStream()
    .map((value, { key }) => [key, value], strings)
    .to('out', strings)
  return builder.build()
}

/** Leaves the group as if the process had died before it committed an offset. */
async function forgetOffsets(app: TestApp): Promise<void> {
  const client = app.cluster.connect({
    clientId: 'crash',
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 10_000,
  })
  await client.admin.alterOffsets(app.applicationId, [{ topic: 'in', partition: 0, offset: 0, metadata: '' }])
  await client.close()
}

it.each(['the same disk', 'another disk'])(
  'results that a crash may have lost are written again, from %s',
  async (disk) => {
    const app = new TestApp({ processingGuarantee: 'at_least_once', emitIntervalMs: 0, cacheBytes: 0 })
    app.topics({ in: 1, out: 1 })
    try {
      const first = await app.start(topology(), 'a')
      await app.produce('in', ...input.map(([value, at]) => ({ key: 'k', value, timestamp: T0 + at })))
      await app.caughtUp('in')
      await first.close()
      expect(app.read('out').map(({ value }) => value)).toEqual(['a', 'b', 'c'])

      await forgetOffsets(app)
      const second = await app.start(topology(), disk === 'the same disk' ? 'a' : 'b')
      await app.caughtUp('in')
      expect(second.streams.metrics().recordsDropped.late).toBe(0)
      // The last one's window is still kept, with what is in it.
      expect(app.read('out').map(({ value }) => value)).toEqual(['a', 'b', 'c', 'a', 'b', 'cc'])
    } finally {
      await app.close()
    }
  },
)
