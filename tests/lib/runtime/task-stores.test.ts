import { StreamRecord } from '../../../lib/core/record.ts'
import { deliver, ForwardScope } from '../../../lib/runtime/forward.ts'
import { type TaskStore, TaskStores } from '../../../lib/runtime/task-stores.ts'
import type { StateStore } from '../../../stores/store.ts'

/** A cache that holds back a number of updates; flushing it hands each to `next`. */
class Cache implements StateStore {
  readonly name: string
  held = 0
  flushes = 0
  readonly #letGo: () => void

  constructor(name: string, letGo: () => void = () => {}) {
    this.name = name
    this.#letGo = letGo
  }

  flush(): void {
    this.flushes++
    for (; this.held > 0; this.held--) this.#letGo()
  }

  restore(): void {}
}

function storesOf(...stores: readonly StateStore[]): TaskStores {
  return new TaskStores(
    new Map(
      stores.map((store): [string, TaskStore] => [
        store.name,
        { store, changelog: undefined, isPersistent: true, isSource: false, isPurged: false },
      ]),
    ),
  )
}

describe('before a commit', () => {
  const record = new StreamRecord('key', 'value', 1)

  it('caches are empty, also those that others, flushed later, forward into', async () => {
    const scope = new ForwardScope(() => {})
    // Each forwards into the one before it: the worst of all orders.
    const last = new Cache('last')
    const into = (next: Cache) => () => void deliver(scope, [{ process: () => void next.held++ }], record)
    const middle = new Cache('middle', into(last))
    const first = new Cache('first', into(middle))
    first.held = 2
    await storesOf(last, middle, first).flush(scope)

    expect([first.held, middle.held, last.held]).toEqual([0, 0, 0])
  })

  it('they are empty when what they forward to is asynchronous', async () => {
    const scope = new ForwardScope(() => {})
    const last = new Cache('last')
    const slow = async () => {
      await new Promise((resolve) => setImmediate(resolve))
      last.held++
    }
    const first = new Cache(
      'first',
      () => void scope.track(Promise.resolve(deliver(scope, [{ process: slow }], record))),
    )
    first.held = 1
    await storesOf(last, first).flush(scope)

    expect(last.held).toBe(0)
    expect(scope.idle).toBe(true)
  })

  it('each is flushed once where nothing is forwarded', async () => {
    const cache = new Cache('cache')
    await storesOf(cache).flush(new ForwardScope(() => {}))

    expect(cache.flushes).toBe(1)
  })

  it('a store that never comes to rest is an error, not a hang', async () => {
    const scope = new ForwardScope(() => {})
    const cache: Cache = new Cache('cache', () => void deliver(scope, [], record))
    const restless = Object.assign(cache, {
      flush: () => void deliver(scope, [{ process: () => {} }], record),
    })

    await expect(storesOf(restless).flush(scope)).rejects.toMatchObject({ code: 'STREAMS_INVARIANT' })
  })
})
