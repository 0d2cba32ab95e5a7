import type { Aggregator, Initializer } from '../../../topology/callbacks.ts'
import { Change } from '../../../topology/change.ts'
import { AggregateProcessor } from '../../../topology/processors/aggregate.ts'
import { MapStore } from '../support/map-store.ts'
import { record, start, TestContext } from '../support/test-context.ts'

async function aggregate(
  initializer: Initializer<string>,
  aggregator: Aggregator<string | null, string | null, string>,
  { sendOldValues = false } = {},
) {
  const store = new MapStore<string | null, string>('agg')
  const processor = new AggregateProcessor('agg-1', 'agg', { initializer, aggregator }, { sendOldValues })
  return { store, processor, context: await start(processor, new TestContext(store)) }
}

describe('aggregate', () => {
  it.each([
    { kind: 'at once', initializer: () => '<', aggregator: (agg: string, value: any, key: any) => agg + key + value },
    {
      kind: 'later',
      initializer: async () => '<',
      aggregator: async (agg: string, value: any, key: any) => agg + key + value,
    },
  ])('folds values into what the initializer made, $kind', async ({ initializer, aggregator }) => {
    const { store, processor, context } = await aggregate(initializer, aggregator, { sendOldValues: true })

    await processor.process(record('k', 'a', 10))
    await processor.process(record('k', 'b', 5))

    expect(context.pairs).toEqual([
      ['k', new Change('<ka', '<')], // the initial aggregate counts as the value before
      ['k', new Change('<kakb', '<ka')],
    ])
    expect(context.forwarded.map(({ timestamp }) => timestamp)).toEqual([10, 10])
    expect(store.entries()).toEqual({ k: { value: '<kakb', timestamp: 10 } })
  })

  it('deletes on null, and starts anew, also in event time', async () => {
    const { store, processor, context } = await aggregate(
      () => '',
      (agg, value) => (value === 'del' ? null : agg + value),
    )

    processor.process(record('k', 'a', 10))
    processor.process(record('k', 'del', 11))
    processor.process(record('k', 'b', 4))

    expect(context.pairs).toEqual([
      ['k', new Change('a', null)],
      ['k', new Change(null, null)],
      ['k', new Change('b', null)],
    ])
    expect(context.forwarded.map(({ timestamp }) => timestamp)).toEqual([10, 11, 4])
    expect(store.entries()).toEqual({ k: { value: 'b', timestamp: 4 } })
  })

  it('drops null keys and null values, counted by cause', async () => {
    const { processor, context } = await aggregate(
      () => '',
      () => 'x',
    )

    processor.process(record(null, 'x'))
    processor.process(record('a', null))

    expect(context.drops).toEqual(['null-key', 'null-value'])
    expect(context.forwarded).toEqual([])
  })

  it.each([
    { who: 'initializer', initializer: undefined, aggregate: '' },
    { who: 'aggregator', initializer: '', aggregate: undefined },
  ])('names the node when the $who returns undefined', async ({ initializer, aggregate: result }) => {
    const { store, processor } = await aggregate(
      () => initializer as string,
      () => result as string,
    )

    expect(() => processor.process(record('k', 'a'))).toThrow(/'agg-1' returned undefined/)
    expect(store.writes).toEqual([])
  })

  it('lets what a callback throws through unchanged', async () => {
    const own = new Error('own')
    const { processor } = await aggregate(
      () => '',
      async () => {
        throw own
      },
    )

    await expect(processor.process(record('k', 'a'))).rejects.toBe(own)
  })
})
