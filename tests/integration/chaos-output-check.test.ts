// The judge of chaos runs: what is right passes, and each kind of damage is found.
import { expectedOf, type Inputs, type TextRecord } from '../../integration/chaos/expected.ts'
import { checkOutputs, type Outputs } from '../../integration/chaos/output-check.ts'
import { WITHIN_MS } from '../../integration/chaos/topology.ts'

const T0 = 1_700_000_000_000

function records(entries: readonly (readonly [key: string, value: string | null, ms?: number, partition?: number])[]) {
  return entries.map(
    ([key, value, ms = 0, partition = 0], offset): TextRecord => ({
      key,
      value,
      timestamp: T0 + ms,
      partition,
      offset,
    }),
  )
}

// Orders 0 and 7 are of group g0, 1 of g1.
const inputs: Inputs = {
  orders: records([
    ['a', 'o0', 0],
    ['a', 'o7', 100],
    ['b', 'o1', 0, 1],
  ]),
  payments: records([
    ['a', 'p0', WITHIN_MS],
    ['a', 'p1', WITHIN_MS + 1],
    ['b', 'p2', WITHIN_MS + 1, 1],
  ]),
  names: records([
    ['x', 'n0'],
    ['x', 'n1'],
    ['y', 'n2'],
  ]),
  rates: records([
    ['x', 'r0'],
    ['x', null],
    ['x', 'r1'],
    ['z', 'r2'],
  ]),
}

const right: Outputs = {
  paid: records([
    ['a', 'o0+p0'],
    ['a', 'o7+p0'],
    ['a', 'o7+p1'],
  ]),
  grouped: records([
    ['g0', 'o0'],
    ['g1', 'o1'],
    ['g0', 'o7'],
  ]),
  counts: records([
    ['g0', '1:0'],
    ['g0', '2:7'],
    ['g1', '1:1'],
  ]),
  named: records([
    ['x', 'n0/null'],
    ['x', 'n0/r0'],
    ['x', 'n1/r0'],
    ['x', 'n1/null'],
    ['x', 'n1/r1'],
    ['y', 'n2/null'],
  ]),
}

type Change = (records: TextRecord[]) => void

const without =
  (at: number): Change =>
  (some) =>
    void some.splice(at, 1)
const twice =
  (at: number): Change =>
  (some) =>
    void some.push(some[at]!)
const swapped =
  (at: number): Change =>
  (some) =>
    void some.splice(at, 2, some[at + 1]!, some[at]!)
const madeUp =
  (key: string, value: string): Change =>
  (some) =>
    void some.push({ ...some[0]!, key, value })

function check(topic: keyof Outputs, change: Change, guarantee: 'exactly_once' | 'at_least_once') {
  const changed = [...right[topic]]
  change(changed)
  return checkOutputs({ ...right, [topic]: changed }, expectedOf(inputs), guarantee)
}

describe('the check of outputs', () => {
  it.each(['exactly_once', 'at_least_once'] as const)('accepts what is right, %s', (guarantee) => {
    expect(check('paid', () => {}, guarantee)).toMatchObject({ violations: [], duplicates: 0 })
  })

  it('accepts the other orders that inputs allow', () => {
    // The payment that both are paired with came after both, or between them.
    expect(check('paid', swapped(0), 'exactly_once').violations).toEqual([])
    expect(check('grouped', swapped(0), 'exactly_once').violations).toEqual([])
  })

  it.each<[keyof Outputs, string, Change, string]>([
    ['paid', 'a missing pair', without(1), 'paid a lacks 1: o7+p0'],
    ['paid', 'a pair twice', twice(0), 'paid a repeats 1: o0+p0'],
    ['paid', 'a pair outside of the window', madeUp('b', 'o1+p2'), 'paid b makes up 1: o1+p2'],
    ['paid', 'an order that no inputs allow', (some) => void some.reverse(), 'paid a: out of order'],
    ['grouped', 'a missing record', without(1), 'grouped g1 lacks 1: o1'],
    ['grouped', 'a record twice', twice(1), 'grouped g1 repeats 1: o1'],
    ['grouped', 'records of one partition in another order', (some) => void some.reverse(), 'grouped g0: out of order'],
    ['counts', 'a missing last count', without(1), 'counts g0: ends at 1:0 instead of 2:7'],
    ['counts', 'a missing count', without(0), 'counts g0: does not go up by one at record 0: 2:7'],
    ['counts', 'a count twice', (some) => void some.splice(1, 0, some[0]!), 'does not go up by one at record 1'],
    [
      'counts',
      'one record counted for another',
      (some) => void some.splice(2, 1, { ...some[2]!, value: '1:8' }),
      '1:8',
    ],
    ['named', 'a missing last result', without(4), 'named x: ends at n1/null instead of n1/r1'],
    ['named', 'a missing result', without(2), 'named x: record 2 does not follow: n0/null, n0/r0, n1/null'],
    ['named', 'a result twice', twice(5), 'named y: record 1 does not follow'],
    ['named', 'a result taken back', (some) => void some.splice(2, 0, some[0]!), 'named x: record 3 does not follow'],
    ['named', 'a key that no table has', madeUp('z', 'n9/r2'), 'named z: ends at n9/r2 instead of'],
  ])('finds in %s, exactly once: %s', (topic, _, change, violation) => {
    expect(check(topic, change, 'exactly_once').violations.join('\n')).toContain(violation)
  })

  it.each<[keyof Outputs, string, Change]>([
    ['paid', 'a missing pair', without(1)],
    ['paid', 'a pair outside of the window', madeUp('b', 'o1+p2')],
    ['grouped', 'a missing record', without(1)],
    ['counts', 'a missing last count', without(1)],
    ['named', 'a missing last result', without(4)],
    ['named', 'a rate that was never there', (some) => void some.splice(0, 1, { ...some[0]!, value: 'n0/r9' })],
  ])('finds in %s, at least once: %s', (topic, _, change) => {
    expect(check(topic, change, 'at_least_once').violations).toHaveLength(1)
  })

  it.each<[keyof Outputs, Change]>([
    ['paid', twice(0)],
    ['grouped', twice(1)],
    ['counts', madeUp('g0', '3:7')],
    ['named', (some) => void some.splice(1, 0, some[0]!)],
  ])('counts in %s, at least once, what is there twice', (topic, change) => {
    expect(check(topic, change, 'at_least_once')).toMatchObject({ violations: [], duplicates: 1 })
  })
})
