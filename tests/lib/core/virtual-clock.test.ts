import { systemClock, type Timer, VirtualClock } from '../../../lib/core/clock.ts'
import { Random } from '../../../lib/testing/simulation/random.ts'

const LIMIT_MS = 1_000_000
/** More than the clock asks of the event loop at once. */
const MANY = 500

describe('a virtual clock', () => {
  it('fires timers in order of time, those of one time in the order of setting', async () => {
    const clock = new VirtualClock(1_000)
    const fired: string[] = []
    for (const [delayMs, name] of [
      [5, 'a'],
      [1, 'b'],
      [5, 'c'],
      [0, 'd'],
      [-3, 'e'],
      [1, 'f'],
    ] as const) {
      clock.setTimer(delayMs, () => fired.push(`${name} ${clock.now()}`))
    }
    await clock.advance(5)
    expect(fired).toEqual(['d 1000', 'e 1000', 'b 1001', 'f 1001', 'a 1005', 'c 1005'])
  })

  it('fires what falls due up to the time it is advanced to, and nothing before it is advanced', async () => {
    const clock = new VirtualClock()
    const fired: number[] = []
    for (const delayMs of [0, 9, 10, 11]) clock.setTimer(delayMs, () => fired.push(delayMs))
    expect(fired).toEqual([])
    await clock.advance(10)
    expect([...fired, clock.now()]).toEqual([0, 9, 10, 10])
    await clock.advance(1)
    expect([...fired, clock.now()]).toEqual([0, 9, 10, 11, 11])
  })

  it('fires a timer that a timer sets, if it is due on the way', async () => {
    const clock = new VirtualClock()
    const fired: number[] = []
    const again = (): void => {
      fired.push(clock.now())
      clock.setTimer(3, again)
    }
    clock.setTimer(3, again)
    await clock.advance(10)
    expect(fired).toEqual([3, 6, 9])
  })

  it('does not fire what was cancelled, also by a timer of the same time; cancelling what has fired does nothing', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const timers: Timer[] = ['first', 'second', 'third'].map((name) =>
      clock.setTimer(1, () => {
        fired.push(name)
        timers[1]!.cancel()
        timers[0]!.cancel()
      }),
    )
    clock.setTimer(0, () => fired.push('cancelled')).cancel()
    await clock.advance(1)
    expect(fired).toEqual(['first', 'third'])
  })

  it('lets every promise settle before the next timer, however many timers there are', async () => {
    const clock = new VirtualClock()
    const events: string[] = []
    const expected: string[] = []
    for (let i = 0; i < MANY; i++) {
      clock.setTimer(0, async () => {
        for (let depth = 0; depth < 5; depth++) await undefined
        events.push(`settled ${i}`)
      })
      expected.push(`settled ${i}`)
      clock.setTimer(0, () => events.push(`timer ${i}`))
      expected.push(`timer ${i}`)
    }
    await clock.advance(0)
    expect(events).toEqual(expected)
  })

  it('lets what yields go on before the next timer', async () => {
    const clock = new VirtualClock()
    const events: string[] = []
    for (let i = 0; i < MANY; i += 50) {
      clock.setTimer(i, async () => {
        for (let turn = 0; turn < 3; turn++) await clock.yield()
        events.push(`went on ${i} at ${clock.now()}`)
      })
    }
    await clock.advance(MANY)
    expect(events).toEqual(Array.from({ length: 10 }, (_, i) => `went on ${i * 50} at ${i * 50}`))
  })

  it('goes on beside what yields for ever', async () => {
    const clock = new VirtualClock()
    let isFired = false
    const spin = async (): Promise<void> => {
      while (!isFired) await clock.yield()
    }
    const spinning = spin()
    clock.setTimer(1, () => {
      isFired = true
    })
    await clock.advance(1)
    await spinning
    expect(isFired).toBe(true)
  })

  it('stops at the first turn in which what it advances to is done, and takes no timer more', async () => {
    const clock = new VirtualClock()
    let count = 0
    for (let i = 1; i <= MANY; i++) clock.setTimer(i, () => count++)
    await clock.advanceUntil(() => count === 20, LIMIT_MS)
    expect([count, clock.now()]).toEqual([20, 20])
    await clock.advanceUntil(() => true, LIMIT_MS)
    expect([count, clock.now()]).toEqual([20, 20])
  })

  it('says when it is not done in time, and when nothing is left that could make it so', async () => {
    const clock = new VirtualClock()
    clock.setTimer(11, () => {})
    await expect(clock.advanceUntil(() => false, 10)).rejects.toThrow('not done within 10 ms of virtual time')
    await expect(clock.advanceUntil(() => false, 100)).rejects.toThrow('not done within 100 ms of virtual time')
    expect(clock.now()).toBe(11)
  })

  it('passes on what a timer throws, and can be advanced again', async () => {
    const clock = new VirtualClock()
    const fired: number[] = []
    clock.setTimer(1, () => {
      throw new Error('thrown by a timer')
    })
    clock.setTimer(2, () => fired.push(clock.now()))
    await expect(clock.advance(5)).rejects.toThrow('thrown by a timer')
    // Also in later turns of the event loop nothing fires by itself.
    await systemClock.yield()
    expect(fired).toEqual([])
    await clock.advance(5)
    expect(fired).toEqual([2])
  })

  it.each([1, 2, 3, 4])(
    'is the same as a sorted list, with timers set and cancelled at random: seed %i',
    async (seed) => {
      const random = new Random(seed)
      const clock = new VirtualClock()
      const fired: number[] = []
      const left = new Map<number, { readonly atMs: number; readonly timer: Timer }>()
      const expected: number[] = []
      for (let id = 0; id < 3_000; id++) {
        const delayMs = random.below(200)
        left.set(id, { atMs: clock.now() + delayMs, timer: clock.setTimer(delayMs, () => fired.push(id)) })
        // Most are cancelled, as time-outs are: then the heap throws them out together.
        while (left.size > 0 && random.chance(0.45)) {
          const cancelled = random.pick([...left.keys()])
          left.get(cancelled)!.timer.cancel()
          left.delete(cancelled)
        }
        if (!random.chance(0.02)) continue
        const ms = random.below(60)
        const due = [...left].filter(([, { atMs }]) => atMs <= clock.now() + ms)
        due.sort(([a, { atMs: first }], [b, { atMs: second }]) => first - second || a - b)
        for (const [one] of due) {
          expected.push(one)
          left.delete(one)
        }
        await clock.advance(ms)
        expect(fired).toEqual(expected)
      }
      expect(fired.length).toBeGreaterThan(400)
    },
  )
})
