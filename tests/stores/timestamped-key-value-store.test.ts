import { NO_HEADERS } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import { stores } from '../../stores/stores.ts'
import { encodeTimestamped, plainValue, timestampOf } from '../../stores/value-and-timestamp.ts'
import { javaBytesOf } from '../data/java-bytes.ts'
import { collect, FakeTask } from './fake-task.ts'

const builder = stores.timestampedKeyValue('latest', { key: serdes.string(), value: serdes.string() })

describe('a timestamped row', () => {
  const vectors = javaBytesOf('valueAndTimestamp')

  it('has the bytes that Java gives it', () => {
    expect(vectors.length).toBeGreaterThan(3)
    for (const { input, hex } of vectors) {
      const row = encodeTimestamped(Number(input.timestamp), Buffer.from(input.value))
      expect(row.toString('hex')).toBe(hex)
      expect([timestampOf(row), plainValue(row).toString()]).toEqual([Number(input.timestamp), input.value])
    }
  })

  it.each([-1, 0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'holds the time %d',
    (timestamp) => {
      const row = encodeTimestamped(timestamp, Buffer.from('x'))
      expect(timestampOf(row)).toBe(timestamp)
      expect(row.readBigInt64BE()).toBe(BigInt(timestamp))
    },
  )
})

describe('a timestamped store', () => {
  it('logs the plain value at its own time, and a tombstone at that of the current record', async () => {
    const task = await FakeTask.inMemory()
    const store = task.build(builder)
    task.at(100)
    store.put('a', { value: 'x', timestamp: 42 })
    task.at(200)
    store.put('a', null)
    store.delete('never seen')
    expect(task.changelog.map(({ key, value, timestamp }) => [String(key), value && String(value), timestamp])).toEqual(
      [
        ['a', 'x', 42],
        ['a', null, 200],
        ['never seen', null, 200],
      ],
    )
  })

  it('restores the time of a value from the time of its record', async () => {
    const task = await FakeTask.inMemory()
    const store = task.build(builder)
    const record = { offset: 0, headers: NO_HEADERS }
    store.restore({ ...record, key: Buffer.from('a'), value: Buffer.from('x'), timestamp: 42 })
    store.restore({ ...record, key: Buffer.from('b'), value: Buffer.from('y'), timestamp: 43 })
    store.restore({ ...record, key: Buffer.from('b'), value: null, timestamp: 44 })
    store.restore({ ...record, key: null, value: Buffer.from('z'), timestamp: 45 })
    expect(await collect(store.all())).toEqual([['a', { value: 'x', timestamp: 42 }]])
    expect(task.changelog).toEqual([])
  })

  it('deletes where the value is null, and refuses undefined and times that are none', async () => {
    const store = (await FakeTask.inMemory()).build(builder)
    store.put('a', { value: 'x', timestamp: 1 })
    store.put('a', { value: null as any, timestamp: 2 })
    expect(store.get('a')).toBeUndefined()
    expect(() => store.put('a', { value: undefined as any, timestamp: 2 })).toThrow("Store 'latest': undefined was put")
    expect(() => store.put('a', { value: 'x', timestamp: Number.NaN })).toThrow(
      'the timestamp NaN is not in whole milliseconds',
    )
    expect(() => store.put('a', 'x' as any)).toThrow("Store 'latest'")
  })
})

describe('a plain key-value store', () => {
  it('logs at the time of the current record, and -1 where there is none', async () => {
    const task = await FakeTask.inMemory()
    const store = task.build(stores.keyValue('plain', { key: serdes.string(), value: serdes.string() }))
    task.at(100)
    store.put('a', 'x')
    task.record = undefined
    store.put('a', null)
    expect(task.changelog.map(({ timestamp }) => timestamp)).toEqual([100, -1])
  })
})
