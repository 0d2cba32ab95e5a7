import { Change } from '../../../topology/change.ts'
import { ToStreamProcessor } from '../../../topology/processors/to-stream.ts'
import { record, start } from '../support/test-context.ts'

describe('toStream', () => {
  it('forwards the new value; null for a delete', async () => {
    const toStream = new ToStreamProcessor<string, number>()
    const context = await start(toStream)
    const update = record('a', new Change(2, 1))

    toStream.process(update)
    toStream.process(record('a', new Change<number>(null, 2)))

    expect(context.forwarded[0]).toEqual(update.withValue(2))
    expect(context.pairs).toEqual([
      ['a', 2],
      ['a', null],
    ])
  })
})
