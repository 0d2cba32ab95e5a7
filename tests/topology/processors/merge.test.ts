import { MergeProcessor } from '../../../topology/processors/merge.ts'
import { record, start } from '../support/test-context.ts'

describe('merge', () => {
  it('forwards every record, unchanged', async () => {
    const merge = new MergeProcessor<string, number>()
    const context = await start(merge)
    const [first, second] = [record('a', 1), record('b', 2)]

    expect(merge.process(first)).toBeUndefined()
    merge.process(second)

    expect(context.forwarded).toEqual([first, second])
  })
})
