import { until } from '../../../examples/demo/wait.ts'

describe('waiting until something holds', () => {
  const signal = new AbortController().signal

  it('ends as soon as it does', async () => {
    let looks = 0
    await until('the third look', () => ++looks === 3, { signal })
    expect(looks).toBe(3)
  })

  it('gives up when nothing moves, and says on what it waited', async () => {
    await expect(until('pigs fly', () => false, { signal, limitMs: 30 })).rejects.toThrow(
      'waited 0.03 s in vain until pigs fly',
    )
  })

  it('is patient as long as there is progress', async () => {
    const startMs = performance.now()
    let steps = 0
    const slow = until('it is through', () => performance.now() - startMs > 500, {
      signal,
      limitMs: 250,
      progress: () => ++steps,
    })
    await expect(slow).resolves.toBeUndefined()
    expect(steps).toBeGreaterThan(1)
  })

  it('ends with the reason of an interruption, even when what it waits for holds', async () => {
    const interrupted = AbortSignal.abort(new Error('interrupted'))
    await expect(until('anything', () => true, { signal: interrupted })).rejects.toThrow('interrupted')
  })
})
