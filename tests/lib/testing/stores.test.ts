import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { StoreBuilder } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { Topology } from '../../../topology/topology.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../../topology/support/strings.ts'

const minute = { retentionMs: 60_000, windowSizeMs: 10 }
const declared: readonly StoreBuilder[] = [
  stores.keyValue('key-value', strings),
  stores.timestampedKeyValue('timestamped', strings),
  stores.window('window', { ...strings, ...minute }),
  stores.timestampedWindow('timestamped-window', { ...strings, ...minute }),
  stores.session('session', { ...strings, retentionMs: 60_000 }),
  stores.versioned('versioned', { ...strings, historyRetentionMs: 60_000 }),
]

function withStores(): Topology {
  return new Topology()
    .addSource('source', { topics: 'in', ...strings })
    .addProcessor('processor', { parents: 'source', create: () => ({ process() {} }), stores: declared })
}

async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

describe('stores of a driver', () => {
  let driver: TopologyTestDriver
  beforeEach(async () => {
    driver = new TopologyTestDriver(withStores())
    await driver.start()
  })
  afterEach(() => driver.close())

  it('are all there, by name', () => {
    expect([...driver.getAllStateStores().keys()].sort()).toEqual(declared.map(({ name }) => name).sort())
    for (const { name } of declared) expect(driver.getStateStore(name)?.name).toBe(name)
    expect(driver.getStateStore('nowhere')).toBeUndefined()
  })

  it('are found by the kind that they are of, and one with timestamps as one without', () => {
    const found = declared.map(({ name }) => [
      name,
      [
        driver.getKeyValueStore(name),
        driver.getTimestampedKeyValueStore(name),
        driver.getWindowStore(name),
        driver.getTimestampedWindowStore(name),
        driver.getSessionStore(name),
        driver.getVersionedKeyValueStore(name),
      ]
        .map((store) => (store === undefined ? '-' : 'x'))
        .join(''),
    ])

    expect(found).toEqual([
      ['key-value', 'x-----'],
      ['timestamped', 'xx----'],
      ['window', '--x---'],
      ['timestamped-window', '--xx--'],
      ['session', '----x-'],
      ['versioned', '-----x'],
    ])
  })

  it('can be filled by a test, which is committed with the next record', async () => {
    driver.getKeyValueStore('key-value')!.put('a', '1')
    await driver.createInputTopic('in').pipeInput({ value: 'x' })

    expect(driver.getKeyValueStore('key-value')?.get('a')).toBe('1')
    const changelog = driver.createOutputTopic('test-driver-key-value-changelog', strings)
    expect(changelog.readKeyValuesToList()).toEqual([['a', '1']])
  })
})

describe('a table’s store seen without timestamps', () => {
  it('is one of keys and values', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', strings).groupByKey().count({ store: 'counts' })
    await using driver = new TopologyTestDriver(builder.build())
    await driver.createInputTopic('in', { startTimestampMs: 5 }).pipeKeyValueList([
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
    ])
    const counts = driver.getKeyValueStore<string, number>('counts')!

    expect(driver.getTimestampedKeyValueStore('counts')?.get('a')).toEqual({ value: 2, timestamp: 5 })
    expect(counts.name).toBe('counts')
    expect([counts.get('a'), counts.get('nobody')]).toEqual([2, undefined])
    expect(await collect(counts.all())).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(await collect(counts.range('b', undefined))).toEqual([['b', 1]])
    expect(await collect(counts.reverseRange(undefined, undefined))).toEqual([
      ['b', 1],
      ['a', 2],
    ])
    expect(await collect(counts.prefixScan(Buffer.from('a')))).toEqual([['a', 2]])
    expect(await counts.approximateEntryCount()).toBe(2)
    counts.put('c', 7)
    counts.putAll([['d', 8]])
    expect([counts.putIfAbsent('c', 9), counts.putIfAbsent('e', 9), counts.delete('d')]).toEqual([7, undefined, 8])
    counts.put('a', null)
    expect(await collect(counts.all())).toEqual([
      ['b', 1],
      ['c', 7],
      ['e', 9],
    ])
  })

  it('is one of windows', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 10, graceMs: 100 }))
      .count({ store: 'counts' })
    await using driver = new TopologyTestDriver(builder.build())
    await driver
      .createInputTopic('in')
      .pipeRecordList([3, 7, 15].map((timestamp) => ({ key: 'a', value: '', timestamp })))
    const counts = driver.getWindowStore<string, number>('counts')!
    const [first, second] = [
      [new Windowed('a', 0, 10), 2],
      [new Windowed('a', 10, 20), 1],
    ]
    const ever = { fromMs: 0, toMs: 100 }

    expect(driver.getTimestampedWindowStore('counts')?.fetch('a', 0)).toEqual({ value: 2, timestamp: 7 })
    expect([counts.fetch('a', 0), counts.fetch('a', 50)]).toEqual([2, undefined])
    expect(counts.fetch('a', ever)).toEqual([
      [0, 2],
      [10, 1],
    ])
    expect(counts.backwardFetch('a', ever)).toEqual([
      [10, 1],
      [0, 2],
    ])
    expect(await collect(counts.all())).toEqual([first, second])
    expect(await collect(counts.backwardAll())).toEqual([second, first])
    expect(await collect(counts.fetchAll(ever))).toEqual([first, second])
    expect(await collect(counts.backwardFetchAll({ fromMs: 0, toMs: 9 }))).toEqual([first])
    counts.put('a', 9, 10)
    counts.put('a', null, 0)
    expect(counts.fetch('a', ever)).toEqual([[10, 9]])
  })
})

describe('several partitions', () => {
  const counting = () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', strings)
      .groupBy((word) => word, strings)
      .count({ store: 'counts' })
      .toStream()
      .to('out', { key: serdes.string() })
    return builder.build()
  }

  it('have a task each: records go by key, or where they are told', async () => {
    await using driver = new TopologyTestDriver(counting(), { partitions: { in: 3, out: 2 } })
    const input = driver.createInputTopic('in')
    await input.pipeKeyValueList(Array.from({ length: 30 }, (_, i) => [`k${i}`, `w${i % 7}`]))
    await input.pipeInput({ value: 'w0', partition: 2 })
    await expect(input.pipeInput({ value: 'x', partition: 3 })).rejects.toThrow('has 3 partitions, so there is no 3')

    const held = [0, 1, 2].map((partition) => driver.getKeyValueStore<string, number>('counts', partition)!)
    const each = await Promise.all(held.map((store) => collect(store.all())))
    expect(each.every((entries) => entries.length > 0)).toBe(true)
    const expected = Array.from({ length: 7 }, (_, i) => [`w${i}`, [5, 5, 4, 4, 4, 4, 4][i]! + (i === 0 ? 1 : 0)])
    expect(each.flat().sort()).toEqual(expected)
    expect(driver.getStateStore('counts', 3)).toBeUndefined()
    const output = driver.createOutputTopic<string, number>('out')
    const records = output.readRecordsToList()
    expect(new Set(records.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
    expect(new Map(records.map(({ key, value }) => [key, value]))).toEqual(new Map(expected as [string, number][]))
  })

  it('give what one partition gives', async () => {
    const latest = async (partitions: number) => {
      await using driver = new TopologyTestDriver(counting(), { partitions })
      await driver
        .createInputTopic('in')
        .pipeKeyValueList(Array.from({ length: 60 }, (_, i) => [`k${i % 11}`, `w${i % 13}`]))
      return new Map([...driver.createOutputTopic<string, number>('out').readKeyValuesToMap()].sort())
    }

    expect(await latest(4)).toEqual(await latest(1))
  })

  it('with caches on, every record still shows at once: each is committed by itself', async () => {
    await using driver = new TopologyTestDriver(counting(), { cacheBytes: 1_000_000 })
    await driver.createInputTopic('in').pipeValueList(['a', 'a', 'b', 'a'])

    expect(driver.createOutputTopic('out').readKeyValuesToList()).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['a', 3],
    ])
  })
})
