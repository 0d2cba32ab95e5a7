// Same seed, same run: time and chance come from a clock and a seed that were handed in.
import { sources } from './sources.ts'

const FORBIDDEN = /\b(?:Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|setImmediate|Math\.random)\b/g
const EXEMPT = ['lib/core/clock.ts', 'lib/client/kafkajs/']

describe('time and chance', () => {
  it('are taken nowhere but from the clock', () => {
    const uses = sources()
      .filter(({ path }) => !EXEMPT.some((place) => path.startsWith(place)))
      .flatMap(({ path, text }) =>
        text
          .split('\n')
          .filter((line) => !/^\s*(?:\/\/|\*)/.test(line))
          .flatMap((line) => [...line.matchAll(FORBIDDEN)].map(([use]) => `${path}: ${use}`)),
      )
    expect(uses).toEqual([])
  })

  it('would be found', () => {
    expect('const at = Date.now()'.match(FORBIDDEN)).toEqual(['Date.now'])
  })
})
