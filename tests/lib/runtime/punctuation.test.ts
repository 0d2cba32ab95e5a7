import { PunctuationQueue } from '../../../lib/runtime/punctuation.ts'

const every = (everyMs: number) => ({ everyMs, time: 'stream' as const })

function firings(queue: PunctuationQueue, nowMs: number): string[] {
  const names: string[] = []
  for (let due = queue.takeDue(nowMs); due !== undefined; due = queue.takeDue(nowMs))
    names.push(`${due.nodeName}@${due.timestampMs}`)
  return names
}

describe('a queue of punctuations', () => {
  it.each([
    { nowMs: 99, fired: [], nextMs: 100 },
    { nowMs: 100, fired: ['n@100'], nextMs: 200 },
    { nowMs: 199, fired: ['n@199'], nextMs: 200 },
    { nowMs: 950, fired: ['n@950'], nextMs: 1_000 },
  ])('with one due at 100 every 100 ms fires once at $nowMs for all that was missed', ({ nowMs, fired, nextMs }) => {
    const queue = new PunctuationQueue()
    queue.add('n', every(100), 100, () => {})
    expect(firings(queue, nowMs)).toEqual(fired)
    expect(queue.nextMs).toBe(nextMs)
  })

  it('fires the one that was due first, first', () => {
    const queue = new PunctuationQueue()
    queue.add('late', every(50), 30, () => {})
    queue.add('early', every(50), 10, () => {})
    expect(firings(queue, 40)).toEqual(['early@40', 'late@40'])
  })

  it('forgets what was cancelled', () => {
    const queue = new PunctuationQueue()
    const schedule = queue.add('n', every(10), 0, () => {})
    schedule.cancel()
    expect(firings(queue, 1_000)).toEqual([])
    expect(queue.nextMs).toBeUndefined()
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses an interval of %p ms', (everyMs) => {
    expect(() => new PunctuationQueue().add('n', every(everyMs), 0, () => {})).toThrow(/'n'.*at least 1 ms/)
  })
})
