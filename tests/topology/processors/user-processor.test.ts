import type { Processor, ProcessorContext } from '../../../topology/processor.ts'
import { UserProcessor } from '../../../topology/processors/user-processor.ts'
import { record, start, TestContext } from '../support/test-context.ts'

class Doubler implements Processor<string, number, string, number> {
  #context!: ProcessorContext<string, number>
  closed = false

  init(context: ProcessorContext<string, number>): void {
    this.#context = context
  }

  process(input: ReturnType<typeof record<string, number>>): void | Promise<void> {
    return this.#context.forward(input.withValue(input.value * 2))
  }

  close(): void {
    this.closed = true
  }
}

describe("a user's processor", () => {
  it('is made of an object that closes over the context', async () => {
    const user = new UserProcessor<string, number, string, number>((context) => ({
      process: (input) => context.forward(input.withKey('b')),
    }))
    const context = await start(user)

    expect(user.process(record('a', 1))).toBeUndefined()

    expect(context.pairs).toEqual([['b', 1]])
  })

  it('is an instance of a class, which is initialized and closed', async () => {
    const doubler = new Doubler()
    const user = new UserProcessor<string, number, string, number>(() => doubler)
    const context = await start(user)

    user.process(record('a', 2))
    user.close()

    expect(context.pairs).toEqual([['a', 4]])
    expect(doubler.closed).toBe(true)
  })

  it('may be made asynchronously', async () => {
    const user = new UserProcessor<string, number, string, number>(async () => new Doubler())
    const context = await start(user)

    user.process(record('a', 2))

    expect(context.pairs).toEqual([['a', 4]])
  })

  it('can be closed when making it failed', async () => {
    const own = new Error('own')
    const user = new UserProcessor(() => {
      throw own
    })

    expect(() => user.init(new TestContext())).toThrow(own)
    expect(() => user.close()).not.toThrow()
  })
})
