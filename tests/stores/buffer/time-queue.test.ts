import fc from 'fast-check'
import { TimeQueue } from '../../../stores/buffer/time-queue.ts'

describe('a time queue', () => {
  it('gives what it holds by time, then by key bytes, whatever comes and goes in between', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 3 })) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new TimeQueue()
        const model: { timeMs: number; key: Buffer }[] = []
        for (const added of steps) {
          if (added === undefined) {
            queue.removeFirst()
            model.shift()
          } else {
            const [timeMs, bytes] = added
            const key = Buffer.from(bytes)
            queue.add(timeMs, key)
            model.push({ timeMs, key })
            model.sort((a, b) => a.timeMs - b.timeMs || Buffer.compare(a.key, b.key))
          }
          expect(queue.size).toBe(model.length)
          expect(queue.first && { timeMs: queue.first.timeMs, key: queue.first.key }).toEqual(model[0])
        }
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})
