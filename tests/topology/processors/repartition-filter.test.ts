import { RepartitionFilterProcessor } from '../../../topology/processors/repartition-filter.ts'
import { record, start } from '../support/test-context.ts'

describe('the filter before a repartition topic', () => {
  it('drops null keys, counted, and lets null values through', async () => {
    const filter = new RepartitionFilterProcessor<string | null, string | null>()
    const context = await start(filter)

    filter.process(record(null, 'x'))
    filter.process(record('a', null))

    expect(context.pairs).toEqual([['a', null]])
    expect(context.drops).toEqual(['null-key'])
  })

  it('lets null keys through for a verb that takes them', async () => {
    const filter = new RepartitionFilterProcessor<string | null, string>({ keepNullKeys: true })
    const context = await start(filter)

    filter.process(record(null, 'x'))

    expect(context.pairs).toEqual([[null, 'x']])
    expect(context.drops).toEqual([])
  })
})
