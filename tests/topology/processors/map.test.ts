import { MapProcessor } from '../../../topology/processors/map.ts'
import { record, start } from '../support/test-context.ts'

describe('map', () => {
  it.each([
    { kind: 'at once', mapper: (value: number, key: string) => [value, key] as const },
    { kind: 'later', mapper: async (value: number, key: string) => [value, key] as const },
  ])('forwards the pair that comes $kind, with the rest unchanged', async ({ mapper }) => {
    const map = new MapProcessor<string, number, number, string>('node', mapper)
    const context = await start(map)
    const input = record('a', 1)

    await map.process(input)

    expect(context.forwarded).toEqual([input.withKeyValue(1, 'a')])
  })

  it('allows null for both', async () => {
    const map = new MapProcessor('node', () => [null, null] as const)
    const context = await start(map)

    map.process(record('a', 1))

    expect(context.pairs).toEqual([[null, null]])
  })

  it.each([
    { returned: undefined, message: /returned undefined; it must return a pair \[key, value\]/ },
    { returned: null, message: /returned null; it must return a pair/ },
    { returned: 'ab', message: /returned string/ },
    { returned: [undefined, 1], message: /a pair whose key is undefined/ },
    { returned: ['a'], message: /a pair whose value is undefined/ },
  ])('rejects $returned', async ({ returned, message }) => {
    const map = new MapProcessor('map-1', () => returned as unknown as [string, number])
    await start(map)

    expect(() => map.process(record('a', 1))).toThrow(message)
    expect(() => map.process(record('a', 1))).toThrow(/'map-1'/)
  })
})
