import { Change } from '../../../topology/change.ts'
import { CountProcessor } from '../../../topology/processors/count.ts'
import { MapStore } from '../support/map-store.ts'
import { record, start, TestContext } from '../support/test-context.ts'

async function count({ caching = false, sendOldValues = false } = {}) {
  const store = new MapStore<string | null, number>('counts', { caching })
  const processor = new CountProcessor<string | null, string | null>('counts', { sendOldValues })
  return { store, processor, context: await start(processor, new TestContext(store)) }
}

describe('count', () => {
  it('counts by key, one read and one write a record, and forwards each update', async () => {
    const { store, processor, context } = await count()

    for (const key of ['a', 'b', 'a']) expect(processor.process(record(key, 'x'))).toBeUndefined()

    expect(context.pairs).toEqual([
      ['a', new Change(1, null)],
      ['b', new Change(1, null)],
      ['a', new Change(2, null)],
    ])
    expect([store.reads, store.writes.length]).toEqual([3, 3])
    expect(store.entries()).toEqual({ a: { value: 2, timestamp: 10 }, b: { value: 1, timestamp: 10 } })
  })

  it('has the highest event time of the records counted', async () => {
    const { store, processor, context } = await count()

    for (const timestamp of [20, 5, 30]) processor.process(record('a', 'x', timestamp))

    expect(context.forwarded.map(({ timestamp }) => timestamp)).toEqual([20, 20, 30])
    expect(store.writes.map(([, value]) => value?.timestamp)).toEqual([20, 20, 30])
  })

  it('drops null keys and null values, counted by cause', async () => {
    const { store, processor, context } = await count()

    processor.process(record(null, 'x'))
    processor.process(record('a', null))
    processor.process(record(null, null))

    expect(context.drops).toEqual(['null-key', 'null-value', 'null-key'])
    expect(context.forwarded).toEqual([])
    expect([store.reads, store.writes]).toEqual([0, []])
  })

  it('keeps headers and origin of the record that made the update', async () => {
    const { processor, context } = await count()
    const input = record('a', 'x')

    processor.process(input)

    expect(context.forwarded).toEqual([input.withValue(new Change(1, null))])
  })

  it('sends old values only where asked for', async () => {
    const { store, processor, context } = await count({ sendOldValues: true })

    processor.process(record('a', 'x'))
    processor.process(record('a', 'x'))

    expect(context.pairs).toEqual([
      ['a', new Change(1, 0)],
      ['a', new Change(2, 1)],
    ])
    expect(store.sendOldValues).toBe(true)
  })

  it('with a cache forwards when the cache lets go, several updates as one', async () => {
    const { store, processor, context } = await count({ caching: true, sendOldValues: true })
    const headers = [['late', Buffer.from('x')]] as const

    processor.process(record('a', 'x', 10))
    store.current = { timestamp: 12, headers, topic: 'in', partition: 2, offset: 8 }
    processor.process(record('a', 'x', 12))
    expect(context.forwarded).toEqual([])
    store.flush()

    expect(context.forwarded).toHaveLength(1)
    expect(context.forwarded[0]).toMatchObject({
      key: 'a',
      value: new Change(2, null),
      timestamp: 12,
      headers,
      topic: 'in',
      partition: 2,
      offset: 8,
    })
  })
})
