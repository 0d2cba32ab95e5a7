import { Board } from '../../../examples/demo/board.ts'
import { Rate } from '../../../examples/demo/rate.ts'
import type { DemoTask } from '../../../examples/demo/reports.ts'

const flights = (partition: number): DemoTask => ({ stage: 'flights', partition })
const totals = (partition: number): DemoTask => ({ stage: 'totals', partition })

function board() {
  const texts: string[] = []
  const made = new Board(({ text }) => texts.push(text))
  made.starts('a')
  return { board: made, texts }
}

describe('the board', () => {
  it('shows an instance as it has reported last', () => {
    const { board: it } = board()
    expect(it.instance('a')).toEqual({ name: 'a', state: 'STARTING', tasks: [], rate: 0, commits: 0, restored: 0 })
    it.report('a', { kind: 'state', state: 'RUNNING' })
    it.report('a', { kind: 'tasks', tasks: [totals(1)] })
    it.report('a', { kind: 'counters', processed: 10, commits: 3 })
    it.report('a', { kind: 'restored', partition: 1, records: 7, ms: 2 })
    it.report('a', { kind: 'restored', partition: 2, records: 5, ms: 2 })
    expect(it.instance('a')).toMatchObject({ state: 'RUNNING', tasks: [totals(1)], commits: 3, restored: 12 })
  })

  it('tells which tasks came and went', () => {
    const { board: it, texts } = board()
    it.report('a', { kind: 'tasks', tasks: [flights(2), flights(0), totals(1)] })
    it.report('a', { kind: 'tasks', tasks: [flights(0), totals(3)] })
    it.report('a', { kind: 'tasks', tasks: [totals(3), flights(0)] })
    expect(texts).toEqual(['a gets flights 0 2, totals 1', 'a gets totals 3', 'a hands over flights 2, totals 1'])
  })

  it('tells of restores that had something to read, of logs and of failures', () => {
    const { board: it, texts } = board()
    it.report('a', { kind: 'restored', partition: 1, records: 0, ms: 2 })
    it.report('a', { kind: 'restored', partition: 1, records: 1_234, ms: 20 })
    it.report('a', { kind: 'log', level: 'warn', message: 'a coordinator is away' })
    it.report('a', { kind: 'failed', message: 'no' })
    expect(texts).toEqual([
      'a restored 1,234 records of totals 1 in 20 ms',
      'a warn: a coordinator is away',
      'a failed: no',
    ])
  })

  it('keeps the commits of former lives, and nothing else of them', () => {
    const { board: it } = board()
    it.report('a', { kind: 'counters', processed: 10, commits: 3 })
    it.report('a', { kind: 'restored', partition: 1, records: 7, ms: 2 })
    it.killed('a')
    expect(it.instance('a')).toMatchObject({ state: 'KILLED', tasks: [], rate: 0 })
    it.starts('a')
    it.report('a', { kind: 'counters', processed: 1, commits: 2 })
    expect(it.instance('a')).toMatchObject({ state: 'STARTING', restored: 0, commits: 5 })
    expect(it.commits).toBe(5)
  })

  it('remembers the latest thousand events', () => {
    const { board: it } = board()
    for (let i = 0; i < 1_010; i++) it.event(`event ${i}`)
    expect(it.events).toHaveLength(1_000)
    expect(it.events[0]!.text).toBe('event 10')
  })
})

describe('a rate', () => {
  it('is that of the last second', () => {
    const rate = new Rate()
    expect(rate.perSecond).toBe(0)
    rate.add(0, 0)
    expect(rate.perSecond).toBe(0)
    rate.add(500, 100)
    expect(rate.perSecond).toBe(200)
    for (let ms = 600; ms <= 3_000; ms += 100) rate.add(ms, 100)
    expect(rate.perSecond).toBe(0)
    rate.add(3_100, 150)
    expect(rate.perSecond).toBe(50)
  })

  it('begins anew when the count does', () => {
    const rate = new Rate()
    rate.add(0, 1_000)
    rate.add(100, 10)
    expect(rate.perSecond).toBe(0)
    rate.add(200, 20)
    expect(rate.perSecond).toBe(100)
  })
})
