import { Semaphore } from '../../../lib/core/semaphore.ts'

/** Work that ends when it is told to. */
function open() {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { work: () => ended, end }
}

describe('a semaphore', () => {
  it('lets so many run at once, the others in order', async () => {
    const semaphore = new Semaphore(2)
    const works = Array.from({ length: 4 }, open)
    const begun: number[] = []
    const runs = works.map(({ work }, i) =>
      semaphore.run(() => {
        begun.push(i)
        return work()
      }),
    )
    expect(begun).toEqual([0, 1])
    works[1]!.end()
    await runs[1]
    expect(begun).toEqual([0, 1, 2])
    for (const { end } of works) end()
    await Promise.all(runs)
    expect(begun).toEqual([0, 1, 2, 3])
  })

  it('passes the permit on when work fails', async () => {
    const semaphore = new Semaphore(1)
    const failed = semaphore.run(() => Promise.reject(new Error('no')))
    const next = semaphore.run(async () => 'done')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('done')
  })

  it('lets go of who waits in vain, and keeps the permit for the others', async () => {
    const semaphore = new Semaphore(1)
    const first = open()
    const running = semaphore.run(first.work)
    const given = new AbortController()
    const waiting = semaphore.run(async () => 'never', given.signal)
    const patient = semaphore.run(async () => 'done')
    given.abort()
    expect(await waiting).toBeUndefined()
    expect(await semaphore.run(async () => 'never', given.signal)).toBeUndefined()
    first.end()
    await running
    expect(await patient).toBe('done')
    // An abort after the end changes nothing.
    const late = new AbortController()
    expect(await semaphore.run(async () => 'again', late.signal)).toBe('again')
    late.abort()
  })
})
