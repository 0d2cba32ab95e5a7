import { FlatMapValuesProcessor } from '../../../topology/processors/flat-map-values.ts'
import { record, start } from '../support/test-context.ts'

describe('flatMapValues', () => {
  it.each([
    { kind: 'an array', mapper: (value: string) => value.split(',') },
    { kind: 'a set', mapper: (value: string) => new Set(value.split(',')) },
    {
      kind: 'a generator',
      *mapper(value: string) {
        yield* value.split(',')
      },
    },
    { kind: 'a promise', mapper: async (value: string) => value.split(',') },
  ])('forwards each value of $kind, in order, under the same key', async ({ mapper }) => {
    const flat = new FlatMapValuesProcessor<string, string, string>('node', mapper)
    const context = await start(flat)
    const input = record('k', 'x,y,z')

    await flat.process(input)

    expect(context.forwarded).toEqual(['x', 'y', 'z'].map((value) => input.withValue(value)))
  })

  it('forwards nothing for no values, and makes no promise', async () => {
    const flat = new FlatMapValuesProcessor('node', () => [])
    const context = await start(flat)

    expect(flat.process(record('k', 1))).toBeUndefined()

    expect(context.forwarded).toEqual([])
  })

  it('does not run a generator ahead of asynchronous processing downstream', async () => {
    const log: string[] = []
    const flat = new FlatMapValuesProcessor<string, number, number>('node', function* () {
      for (let i = 1; i <= 3; i++) {
        log.push(`make ${i}`)
        yield i
      }
    })
    const context = await start(flat)
    context.downstream = async ({ value }) => {
      await Promise.resolve()
      log.push(`done ${value}`)
    }

    await flat.process(record('k', 0))

    expect(log).toEqual(['make 1', 'done 1', 'make 2', 'done 2', 'make 3', 'done 3'])
  })

  it.each([
    { returned: undefined, message: /'flat-1' returned undefined; it must return an iterable/ },
    { returned: null, message: /returned null; it must return an iterable/ },
    { returned: 12, message: /returned number/ },
    { returned: ['a', undefined], message: /returned an undefined item/ },
  ])('rejects $returned', async ({ returned, message }) => {
    const flat = new FlatMapValuesProcessor('flat-1', () => returned as unknown as string[])
    await start(flat)

    expect(() => flat.process(record('a', 1))).toThrow(message)
  })
})
