import { PeekProcessor } from '../../../topology/processors/peek.ts'
import { record, start } from '../support/test-context.ts'

describe('peek', () => {
  it('shows the record, then forwards it, whatever the action returns', async () => {
    const log: unknown[] = []
    const peek = new PeekProcessor<string, number>((value, key, { timestamp }) => log.push([key, value, timestamp]))
    const context = await start(peek)
    context.downstream = () => void log.push('forwarded')
    const input = record('a', 1, 5)

    expect(peek.process(input)).toBeUndefined()

    expect(log).toEqual([['a', 1, 5], 'forwarded'])
    expect(context.forwarded[0]).toBe(input)
  })

  it('forwards after the action has finished', async () => {
    const log: string[] = []
    const peek = new PeekProcessor<string, number>(async () => {
      await Promise.resolve()
      log.push('action')
    })
    const context = await start(peek)
    context.downstream = () => void log.push('forwarded')

    await peek.process(record('a', 1))

    expect(log).toEqual(['action', 'forwarded'])
  })
})
