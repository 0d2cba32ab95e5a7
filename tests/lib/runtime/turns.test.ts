import { systemClock } from '../../../lib/core/clock.ts'
import { Turns } from '../../../lib/runtime/turns.ts'

describe('turns', () => {
  it('come one in each turn of the event loop, whoever they are given to, so that other work comes in between', async () => {
    const turns = new Turns(systemClock)
    const order: string[] = []
    let working = true
    const others = (async () => {
      while (working) {
        order.push('-')
        await systemClock.yield()
      }
    })()
    const work = async (name: string) => {
      for (let i = 0; i < 3; i++) {
        await turns.next()
        order.push(name)
      }
    }
    await Promise.all([work('a'), work('b'), work('c')])
    working = false
    await others
    expect(order.filter((name) => name !== '-').join('')).toBe('abcabcabc')
    // Never two slices without the others in between.
    expect(order.join('')).not.toMatch(/[abc]{2}/)
  })
})
