// What a stop, a crash of a processor, or a lost disk leaves behind, and how the next start goes on from it.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { guarantees } from '../support/guarantees.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf, keysNotRising, wordCount } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const keys = Array.from({ length: 300 }, (_, i) => `k${(i * 7) % 31}`)
const records = keys.map((key, i) => ({ key, value: `v${i}`, partition: ((i * 7) % 31) % 3 }))

describe.each(guarantees)(
  '$processingGuarantee by $transactionScope: an application that is started again',
  ({ processingGuarantee, transactionScope }) => {
    let app: TestApp
    beforeEach(() => {
      app = new TestApp({ processingGuarantee, transactionScope }).topics({ in: 3, out: 3, lines: 1, counts: 1 })
    })
    afterEach(() => app.close())

    it('goes on where it stopped, with nothing to restore', async () => {
      await app.produce('in', ...records.slice(0, 150))
      const first = await app.start(countByKey())
      await app.caughtUp('in')
      await first.close()
      await app.produce('in', ...records.slice(150))
      const second = await app.start(countByKey())
      await app.caughtUp('in')

      expect(first.states).toEqual(['REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
      expect(second.streams.metrics().recordsProcessed).toBe(150)
      const restored = second.restored.map(({ store, partition, records }) => `${store}-${partition}: ${records}`)
      expect(restored.sort()).toEqual(['counts-0: 0', 'counts-1: 0', 'counts-2: 0'])
      expect(app.latest('out')).toEqual(countsOf(keys))
      expect(keysNotRising(app, 'out')).toEqual([])
    })

    it('restores a store from its changelog when its folder is lost', async () => {
      await app.produce('in', ...records.slice(0, 150))
      const first = await app.start(countByKey())
      await app.caughtUp('in')
      await first.close()
      rmSync(join(app.folder, 'a'), { recursive: true })
      await app.produce('in', ...records.slice(150))
      const second = await app.start(countByKey())
      await app.caughtUp('in')

      const logged = [0, 1, 2].map((partition) => app.cluster.records('app-counts-changelog', partition).length)
      const restored = [0, 1, 2].map(
        (partition) => second.restored.find((event) => event.partition === partition)!.records,
      )
      expect(restored.every((count, i) => count > 0 && count <= logged[i]!)).toBe(true)
      expect(second.streams.metrics().recordsRestored).toBe(restored.reduce((sum, count) => sum + count))
      expect(app.latest('out')).toEqual(countsOf(keys))
      expect(keysNotRising(app, 'out')).toEqual([])
    })

    it('restores from a compacted changelog', async () => {
      await app.produce('in', ...records)
      const first = await app.start(countByKey(), 'a', { cacheBytes: 0 })
      await app.caughtUp('in')
      await first.close()
      app.cluster.compact('app-counts-changelog')
      const second = await app.start(countByKey(), 'b')
      await app.produce('in', { key: 'k0', value: 'more', partition: 0 })
      await app.caughtUp('in')

      const left = new Set(
        [0, 1, 2].flatMap((partition) =>
          app.cluster.records('app-counts-changelog', partition).map(({ key }) => `${partition} ${key}`),
        ),
      )
      expect(second.streams.metrics().recordsRestored).toBe(left.size)
      expect(app.latest('out')).toEqual(countsOf([...keys, 'k0']))
    })

    it('through a repartition topic too', async () => {
      const lines = Array.from({ length: 60 }, (_, i) => ({ value: `w${i % 7} w${i % 11} w${i % 3}` }))
      await app.produce('lines', ...lines.slice(0, 30))
      const first = await app.start(wordCount())
      await app.caughtUp('lines')
      await first.close()
      await app.produce('lines', ...lines.slice(30))
      const second = await app.start(wordCount())
      await app.caughtUp('lines', 'app-counts-repartition')

      expect(app.latest('counts')).toEqual(countsOf(lines.flatMap(({ value }) => value.split(' '))))
      expect(second.restored.map(({ records }) => records)).toEqual([0])
    })

    it('after a processor that threw: nothing is committed past the record, and a mended one gives the right result', async () => {
      const bad = records[200]!
      await app.produce('in', ...records)
      const broken = countByKey({
        onRecord: (value) => {
          if (value === bad.value) throw new Error('cannot cope')
        },
      })
      const first = app.open(broken)
      // It may fail before or after it was running.
      first.streams.start().catch(() => {})
      await until('it fails', () => first.state === 'ERROR')
      const place = records.slice(0, 200).filter(({ partition }) => partition === bad.partition).length
      expect((await app.committed('in'))[bad.partition]).toBeLessThanOrEqual(place)

      const second = await app.start(countByKey())
      await app.caughtUp('in')
      const counts = app.latest('out')
      if (processingGuarantee === 'exactly_once') {
        expect(counts).toEqual(countsOf(keys))
        expect(keysNotRising(app, 'out')).toEqual([])
      } else {
        const truth = countsOf(keys)
        expect([...truth].filter(([key, count]) => Number(counts.get(key)) < Number(count))).toEqual([])
      }
      await second.close()
    })
  },
)

describe('an input that was written in transactions', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 1, out: 1 })
  })
  afterEach(() => app.close())

  it('shows no aborted record, and is committed to its end past the control records', async () => {
    await app.transaction('commit', 'in', { key: 'a', value: '1' }, { key: 'b', value: '2' })
    await app.transaction('abort', 'in', { key: 'a', value: 'no' }, { key: 'b', value: 'no' })
    await app.transaction('commit', 'in', { key: 'c', value: '3' })
    await app.transaction('abort', 'in', { key: 'c', value: 'no' })
    const builder = new StreamsBuilder()
    builder.stream('in', strings).to('out')
    const instance = await app.start(builder.build())
    await app.caughtUp('in')

    expect(app.read('out').map(({ value }) => value)).toEqual(['1', '2', '3'])
    // 6 records and 4 markers.
    expect(await app.committed('in')).toEqual([10])
    // Later control records alone are committed as well, and nothing is written for them.
    const end = app.ends('out')
    await app.transaction('abort', 'in', { key: 'd', value: 'no' })
    await app.caughtUp('in')
    expect(await app.committed('in')).toEqual([12])
    expect(app.ends('out')).toEqual(end)
    expect(instance.streams.metrics().recordsProcessed).toBe(3)
  })
})
