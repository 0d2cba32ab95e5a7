import type { Reducer } from '../../../topology/callbacks.ts'
import { Change } from '../../../topology/change.ts'
import { ReduceProcessor } from '../../../topology/processors/reduce.ts'
import { MapStore } from '../support/map-store.ts'
import { record, start, TestContext } from '../support/test-context.ts'

async function reduce(reducer: Reducer<string | null, string | null>, { sendOldValues = false } = {}) {
  const store = new MapStore<string | null, string | null>('latest')
  const processor = new ReduceProcessor('reduce-1', 'latest', reducer, { sendOldValues })
  return { store, processor, context: await start(processor, new TestContext(store)) }
}

describe('reduce', () => {
  it.each([
    { kind: 'at once', reducer: (left: any, right: any, key: any) => `${left}${right}/${key}` },
    { kind: 'later', reducer: async (left: any, right: any, key: any) => `${left}${right}/${key}` },
  ])('takes the first value as it is and reduces each later one, $kind', async ({ reducer }) => {
    const { store, processor, context } = await reduce(reducer, { sendOldValues: true })

    await processor.process(record('k', 'a', 10))
    await processor.process(record('k', 'b', 5))

    expect(context.pairs).toEqual([
      ['k', new Change('a', null)],
      ['k', new Change('ab/k', 'a')],
    ])
    expect(context.forwarded.map(({ timestamp }) => timestamp)).toEqual([10, 10])
    expect(store.entries()).toEqual({ k: { value: 'ab/k', timestamp: 10 } })
  })

  it('deletes on null, forwards the delete, and starts anew', async () => {
    const { store, processor, context } = await reduce((_, right) => (right === 'clear' ? null : right))

    for (const value of ['a', 'clear', 'b']) processor.process(record('k', value))

    expect(context.pairs).toEqual([
      ['k', new Change('a', null)],
      ['k', new Change(null, null)],
      ['k', new Change('b', null)],
    ])
    expect(store.writes[1]).toEqual(['k', null])
  })

  it('drops null keys and null values, counted by cause', async () => {
    const { processor, context } = await reduce(() => 'x')

    processor.process(record(null, 'x'))
    processor.process(record('a', null))

    expect(context.drops).toEqual(['null-key', 'null-value'])
    expect(context.forwarded).toEqual([])
  })

  it('names the node when the reducer returns undefined, and writes nothing', async () => {
    const { store, processor } = await reduce((() => undefined) as unknown as () => string)

    processor.process(record('k', 'a'))

    expect(() => processor.process(record('k', 'b'))).toThrow(/'reduce-1' returned undefined/)
    expect(store.writes).toHaveLength(1)
  })
})
