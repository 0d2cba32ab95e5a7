import { MapValuesProcessor } from '../../../topology/processors/map-values.ts'
import { record, start } from '../support/test-context.ts'

describe('mapValues', () => {
  it('forwards the new value and keeps key, timestamp, headers and origin', async () => {
    const map = new MapValuesProcessor<string, number, string>('node', (value, key) => `${key}${value}`)
    const context = await start(map)
    const input = record('a', 1)

    expect(map.process(input)).toBeUndefined()

    expect(context.forwarded).toEqual([input.withValue('a1')])
  })

  it('forwards null: a tombstone', async () => {
    const map = new MapValuesProcessor('node', () => null)
    const context = await start(map)

    map.process(record('a', 1))

    expect(context.pairs).toEqual([['a', null]])
  })

  it('awaits a promised value', async () => {
    const map = new MapValuesProcessor<string, number, number>('node', async (value) => value * 2)
    const context = await start(map)

    await map.process(record('a', 1))

    expect(context.pairs).toEqual([['a', 2]])
  })

  it('returns the promise of what is downstream', async () => {
    const map = new MapValuesProcessor<string, number, number>('node', (value) => value)
    const context = await start(map)
    const failure = new Error('downstream')
    context.downstream = () => Promise.reject(failure)

    await expect(map.process(record('a', 1))).rejects.toBe(failure)
  })

  it.each([
    { when: 'at once', mapper: () => undefined },
    { when: 'later', mapper: async () => undefined },
  ])('names the node when undefined comes $when', async ({ mapper }) => {
    const map = new MapValuesProcessor('map-7', mapper)
    await start(map)

    await expect(async () => map.process(record('a', 1))).rejects.toThrow(/'map-7' returned undefined/)
  })
})
