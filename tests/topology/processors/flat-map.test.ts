import { FlatMapProcessor } from '../../../topology/processors/flat-map.ts'
import { record, start } from '../support/test-context.ts'

type Pairs = readonly (readonly [string, number])[]

const fanOut = (value: number, key: string): Pairs => [
  [`${key}1`, value],
  [`${key}2`, value + 1],
]

describe('flatMap', () => {
  it.each([
    { kind: 'at once', mapper: fanOut },
    { kind: 'later', mapper: async (value: number, key: string) => fanOut(value, key) },
  ])('forwards each pair that comes $kind, in order', async ({ mapper }) => {
    const flat = new FlatMapProcessor<string, number, string, number>('node', mapper)
    const context = await start(flat)
    const input = record('a', 1)

    await flat.process(input)

    expect(context.forwarded).toEqual([input.withKeyValue('a1', 1), input.withKeyValue('a2', 2)])
  })

  it.each([
    { returned: undefined, message: /must return an iterable/ },
    { returned: [['a', 1], undefined], message: /returned undefined; it must return a pair/ },
    { returned: ['ab'], message: /must return a pair/ },
    { returned: [['a']], message: /value is undefined/ },
  ])('rejects $returned', async ({ returned, message }) => {
    const flat = new FlatMapProcessor('flat-1', () => returned as unknown as Pairs)
    await start(flat)

    expect(() => flat.process(record('a', 1))).toThrow(message)
    expect(() => flat.process(record('a', 1))).toThrow(/'flat-1'/)
  })
})
