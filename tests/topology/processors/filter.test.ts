import { FilterProcessor } from '../../../topology/processors/filter.ts'
import { record, start } from '../support/test-context.ts'

describe('filter', () => {
  it('forwards what the predicate accepts, the very record, and drops the rest', async () => {
    const filter = new FilterProcessor<string, number>('node', (value) => value > 1)
    const context = await start(filter)
    const accepted = record('a', 2)

    expect(filter.process(record('a', 1))).toBeUndefined()
    expect(filter.process(accepted)).toBeUndefined()

    expect(context.forwarded).toEqual([accepted])
    expect(context.forwarded[0]).toBe(accepted)
    expect(context.drops).toEqual([])
  })

  it('hands value, key and record to the predicate, nulls too', async () => {
    const seen: unknown[] = []
    const filter = new FilterProcessor<string | null, string | null>('node', (...args) => {
      seen.push(args)
      return true
    })
    await start(filter)
    const tombstone = record(null, null)

    filter.process(tombstone)

    expect(seen).toEqual([[null, null, tombstone]])
  })

  it('awaits a promised decision', async () => {
    const filter = new FilterProcessor<string, number>('node', async (value) => value > 1)
    const context = await start(filter)

    await filter.process(record('a', 1))
    const done = filter.process(record('b', 2))
    expect(context.pairs).toEqual([])
    await done

    expect(context.pairs).toEqual([['b', 2]])
  })

  it('names the node when the predicate returns undefined, at once or later', async () => {
    const forgotten = (() => undefined) as unknown as () => boolean
    const filter = new FilterProcessor('KSTREAM-FILTER-0000000003', forgotten)
    const later = new FilterProcessor('KSTREAM-FILTER-0000000003', async () => forgotten())
    await start(filter)
    await start(later)
    const error = { code: 'STREAMS_CALLBACK_RESULT', message: expect.stringContaining("'KSTREAM-FILTER-0000000003'") }

    expect(() => filter.process(record('a', 1))).toThrow(expect.objectContaining(error))
    await expect(later.process(record('a', 1))).rejects.toMatchObject(error)
  })

  it('lets what the predicate throws through unchanged', async () => {
    const own = new Error('own')
    const filter = new FilterProcessor('node', () => {
      throw own
    })
    await start(filter)

    expect(() => filter.process(record('a', 1))).toThrow(own)
  })
})
