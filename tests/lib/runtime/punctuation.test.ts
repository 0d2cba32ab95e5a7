import { PunctuationQueue, requireSchedule } from '../../../lib/runtime/punctuation.ts'

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

  it('fires of those due at the same time the one that has waited for longer, as Java does', () => {
    const queue = new PunctuationQueue()
    queue.add('often', every(20), 0, () => {})
    queue.add('seldom', every(60), 0, () => {})
    expect(firings(queue, 5)).toEqual(['often@5', 'seldom@5'])
    expect(firings(queue, 42)).toEqual(['often@42'])
    expect(firings(queue, 60)).toEqual(['seldom@60', 'often@60'])
  })

  it('keeps the others in their order when one is cancelled', () => {
    const queue = new PunctuationQueue()
    const [, , cancelled] = [40, 10, 20, 50, 30].map((firstMs) =>
      queue.add(`at ${firstMs}`, every(100), firstMs, () => {}),
    )
    cancelled!.cancel()
    cancelled!.cancel()
    expect(firings(queue, 60)).toEqual(['at 10@60', 'at 30@60', 'at 40@60', 'at 50@60'])
  })

  it('forgets what was cancelled', () => {
    const queue = new PunctuationQueue()
    const schedule = queue.add('n', every(10), 0, () => {})
    schedule.cancel()
    expect(firings(queue, 1_000)).toEqual([])
    expect(queue.nextMs).toBeUndefined()
  })
})

describe('schedule()', () => {
  const nothing = () => {}
  it.each<[what: string, message: RegExp, options: any, punctuator?: unknown]>([
    ['no options', /everyMs is undefined/, undefined],
    ['an interval of nothing', /at least 1 ms/, { everyMs: 0, time: 'stream' }],
    ['a negative interval', /at least 1 ms/, { everyMs: -1, time: 'stream' }],
    ['no number for an interval', /everyMs is NaN/, { everyMs: Number.NaN, time: 'stream' }],
    ['an interval without end', /everyMs is Infinity/, { everyMs: Number.POSITIVE_INFINITY, time: 'stream' }],
    ['an interval of part of a millisecond', /whole milliseconds/, { everyMs: 1.5, time: 'stream' }],
    [
      'a time that there is not',
      /'wallclock', and must be 'stream' or 'wall-clock'/,
      { everyMs: 1, time: 'wallclock' },
    ],
    ['no time', /'undefined', and must be/, { everyMs: 1 }],
    ['a start that is no number', /startMs is NaN/, { everyMs: 1, time: 'stream', startMs: Number.NaN }],
    ['a start before the epoch', /startMs is -1/, { everyMs: 1, time: 'stream', startMs: -1 }],
    ['no function', /the punctuator is undefined/, { everyMs: 1, time: 'stream' }, null],
  ])('refuses %s', (_, message, options, punctuator: any = nothing) => {
    const call = () => requireSchedule('n', options, punctuator ?? undefined)

    expect(call).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', method: 'schedule' }))
    expect(call).toThrow(message)
    expect(call).toThrow(/node 'n'/)
  })

  it('takes a start in the past or the future', () => {
    expect(() => requireSchedule('n', { everyMs: 1, time: 'wall-clock', startMs: 0 }, nothing)).not.toThrow()
  })
})
