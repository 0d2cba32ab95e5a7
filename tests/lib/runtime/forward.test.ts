import { StreamRecord } from '../../../lib/core/record.ts'
import { deliver, Forwarder, ForwardScope, type Receiver } from '../../../lib/runtime/forward.ts'

const record = (value: string) => new StreamRecord('k', value, 0)

/** A receiver whose every record waits until it is let go. */
function gate() {
  const seen: string[] = []
  const waiting: (() => void)[] = []
  const receiver: Receiver = {
    process: ({ value }) => {
      seen.push(value)
      return new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
  const letGo = async () => {
    waiting.shift()!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { seen, receiver, letGo }
}

function forwarding() {
  const warnings: string[] = []
  const scope = new ForwardScope((nodeName) => warnings.push(nodeName))
  return { scope, forwarder: new Forwarder(scope), warnings }
}

describe('forwarding', () => {
  it('makes no promise as long as nothing is asynchronous', () => {
    const { scope, forwarder } = forwarding()
    const seen: string[] = []
    const receiver: Receiver = { process: ({ value }) => void seen.push(value) }
    expect(forwarder.forward([receiver, receiver], record('a'))).toBeUndefined()
    expect(seen).toEqual(['a', 'a'])
    expect(scope.idle).toBe(true)
  })

  it('takes only promises for promises: a callback may return anything', () => {
    const { forwarder } = forwarding()
    const receiver = { process: () => new Map() } as unknown as Receiver
    expect(forwarder.forward([receiver], record('a'))).toBeUndefined()
  })

  it('gives a record to the next child only when the one before is done', async () => {
    const { forwarder } = forwarding()
    const first = gate()
    const second: string[] = []
    const done = forwarder.forward([first.receiver, { process: ({ value }) => void second.push(value) }], record('a'))
    expect(second).toEqual([])
    await first.letGo()
    await done
    expect(second).toEqual(['a'])
  })

  it('forgets what closed processors have under way, and what has failed in them', async () => {
    const { scope, forwarder } = forwarding()
    const [old, next] = [gate(), gate()]
    void forwarder.forward([old.receiver], record('a'))
    void new Forwarder(scope).forward([{ process: () => Promise.reject(new Error('old')) }], record('b'))
    await new Promise((resolve) => setImmediate(resolve))
    scope.restart()
    expect(scope.idle).toBe(true)
    await scope.settled()

    void new Forwarder(scope).forward([next.receiver], record('c'))
    await old.letGo()
    expect(scope.idle).toBe(false)
    await next.letGo()
    expect(scope.idle).toBe(true)
  })

  it('queues records behind one that is under way, awaited or not', async () => {
    const { scope, forwarder } = forwarding()
    const { seen, receiver, letGo } = gate()
    void forwarder.forward([receiver], record('a'))
    void forwarder.forward([receiver], record('b'))
    expect(seen).toEqual(['a'])
    await letGo()
    expect(seen).toEqual(['a', 'b'])
    expect(scope.idle).toBe(false)
    await letGo()
    expect(scope.idle).toBe(true)
  })

  it('lets a child forward while its parent’s forward is under way', async () => {
    const { scope, forwarder: parent } = forwarding()
    const child = new Forwarder(scope)
    const { seen, receiver, letGo } = gate()
    const middle: Receiver = { process: (incoming) => child.forward([receiver], incoming) }
    const done = parent.forward([middle], record('a'))
    await letGo()
    await done
    expect(seen).toEqual(['a'])
  })

  it('keeps a failure that nobody awaited for the task, and gives what queued behind it to no one', async () => {
    const { scope, forwarder } = forwarding()
    const seen: string[] = []
    const failing: Receiver = {
      process: async ({ value }) => {
        seen.push(value)
        throw new Error('boom')
      },
    }
    void forwarder.forward([failing], record('a'))
    void forwarder.forward([failing], record('b'))
    await expect(scope.settled()).rejects.toThrow('boom')
    expect(seen).toEqual(['a'])
  })

  it('holds the innermost record as the current one, and puts back the one before', async () => {
    const { scope } = forwarding()
    const outer = record('outer')
    const currents: unknown[] = []
    const inner: Receiver = { process: async () => void currents.push(scope.current?.value) }
    const middle: Receiver = {
      process: async () => {
        await deliver(scope, [inner], record('inner'))
        currents.push(scope.current?.value)
      },
    }
    await deliver(scope, [middle], outer)
    expect(currents).toEqual(['inner', 'outer'])
    expect(scope.current).toBeUndefined()
  })

  it('warns once about a processor that forwards without awaiting', () => {
    const { scope, forwarder, warnings } = forwarding()
    const { receiver } = gate()
    scope.nodeName = 'eager'
    for (let i = 0; i < 3_000; i++) void forwarder.forward([receiver], record(`${i}`))
    expect(warnings).toEqual(['eager'])
  })
})
