import { SelectKeyProcessor } from '../../../topology/processors/select-key.ts'
import { record, start } from '../support/test-context.ts'

describe('selectKey', () => {
  it.each([
    { kind: 'at once', selector: (value: string) => value[0]! },
    { kind: 'later', selector: async (value: string) => value[0]! },
  ])('forwards under a key that comes $kind, the rest unchanged', async ({ selector }) => {
    const select = new SelectKeyProcessor<string, string, string>('node', selector)
    const context = await start(select)
    const input = record('a', 'xyz')

    await select.process(input)

    expect(context.forwarded).toEqual([input.withKey('x')])
  })

  it('allows a null key', async () => {
    const select = new SelectKeyProcessor('node', () => null)
    const context = await start(select)

    select.process(record('a', 1))

    expect(context.pairs).toEqual([[null, 1]])
  })

  it('names the node when the selector returns undefined', async () => {
    const select = new SelectKeyProcessor('key-1', () => undefined)
    await start(select)

    expect(() => select.process(record('a', 1))).toThrow(/'key-1' returned undefined; it must return a key/)
  })
})
