import { FilterNotProcessor } from '../../../topology/processors/filter-not.ts'
import { record, start } from '../support/test-context.ts'

describe('filterNot', () => {
  it.each([
    { kind: 'synchronous', predicate: (value: number) => value > 1 },
    { kind: 'asynchronous', predicate: async (value: number) => value > 1 },
  ])('drops what a $kind predicate accepts, and forwards the rest', async ({ predicate }) => {
    const filter = new FilterNotProcessor<string, number>('node', predicate)
    const context = await start(filter)

    await filter.process(record('a', 1))
    await filter.process(record('b', 2))

    expect(context.pairs).toEqual([['a', 1]])
  })

  it('fails on undefined rather than let everything through', async () => {
    const filter = new FilterNotProcessor('not-3', (() => undefined) as unknown as () => boolean)
    const context = await start(filter)

    expect(() => filter.process(record('a', 1))).toThrow(/'not-3' returned undefined; it must return a boolean/)
    expect(context.forwarded).toEqual([])
  })
})
