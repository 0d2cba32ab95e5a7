import fc from 'fast-check'
import { type AssignableMember, assignTasks } from '../../../lib/runtime/task-assignment.ts'
import { taskName } from '../../../lib/runtime/task-id.ts'

const tasks = (...names: string[]) =>
  names.map((name) => {
    const [subtopology, partition] = name.split('_').map(Number)
    return { subtopology: subtopology!, partition: partition! }
  })
const member = (memberId: string, owned: string[] = [], stored: string[] = []): AssignableMember => ({
  memberId,
  owned: new Set(owned),
  stored: new Set(stored),
})
const named = (shares: ReturnType<typeof assignTasks>) =>
  Object.fromEntries([...shares].map(([memberId, share]) => [memberId, share.map(taskName)]))

describe('assigning tasks', () => {
  const four = tasks('0_0', '0_1', '1_0', '1_1')

  it('spreads each sub-topology over new members', () => {
    expect(named(assignTasks(four, [member('a'), member('b')]))).toEqual({ a: ['0_0', '1_0'], b: ['0_1', '1_1'] })
  })

  it('leaves tasks where they run, and moves only what a new member needs', () => {
    const running = member('a', ['0_0', '0_1', '1_0', '1_1'])
    expect(named(assignTasks(four, [running, member('b')]))).toEqual({ a: ['0_0', '1_0'], b: ['0_1', '1_1'] })
  })

  it('leaves each member some of every sub-topology, also when one that started first ran them all', () => {
    const eight = [0, 1].flatMap((subtopology) => [0, 1, 2, 3].map((partition) => ({ subtopology, partition })))
    const first = member('b', eight.map(taskName))
    const shares = assignTasks(eight, [member('a'), first, member('c')])
    const perSubtopology = [...shares.values()].map((share) =>
      [0, 1].map((id) => share.filter(({ subtopology }) => subtopology === id).length),
    )
    expect(perSubtopology.flat().every((count) => count > 0)).toBe(true)
    expect(shares.get('b')).toHaveLength(3)
  })

  it('gives a member that comes back the tasks whose state it has, though others have taken them over', () => {
    const eight = tasks('0_0', '0_1', '0_2', '0_3', '1_0', '1_1', '1_2', '1_3')
    const left = member('a', ['0_0', '0_1', '1_0', '1_1'], ['1_0', '1_1'])
    const right = member('c', ['0_2', '0_3', '1_2', '1_3'], ['1_2', '1_3'])
    expect(named(assignTasks(eight, [left, member('b', [], ['1_0', '1_2']), right]))).toEqual({
      a: ['0_0', '0_1', '1_1'],
      b: ['1_0', '1_2'],
      c: ['0_2', '0_3', '1_3'],
    })
  })

  it('brings a task back to its state when nobody runs it', () => {
    const returning = member('z', [], ['0_1', '1_1'])
    expect(named(assignTasks(four, [member('a'), returning]))).toEqual({ a: ['0_0', '1_0'], z: ['0_1', '1_1'] })
  })

  it('prefers the member that runs a task over one that only holds its state', () => {
    const result = named(assignTasks(tasks('0_0'), [member('a', [], ['0_0']), member('b', ['0_0'])]))
    expect(result).toEqual({ a: [], b: ['0_0'] })
  })

  it('gives nothing to members that are more than the tasks', () => {
    const result = named(assignTasks(tasks('0_0'), [member('a'), member('b')]))
    expect(Object.values(result).flat()).toEqual(['0_0'])
  })

  it('hands out every task once, evenly, whatever the members hold, in any order of members', () => {
    const names = ['0_0', '0_1', '0_2', '1_0', '1_1', '2_0', '2_1', '2_2', '2_3']
    const holdings = fc.record({ owned: fc.subarray(names), stored: fc.subarray(names) })
    fc.assert(
      fc.property(fc.array(holdings, { minLength: 1, maxLength: 6 }), (held) => {
        const members = held.map(({ owned, stored }, i) => member(`m${i}`, owned, stored))
        const shares = assignTasks(tasks(...names), members)
        const sizes = [...shares.values()].map((share) => share.length)
        expect([...shares.values()].flat().map(taskName).sort()).toEqual(names)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect(named(assignTasks(tasks(...names), [...members].reverse()))).toEqual(named(shares))
      }),
      { seed: 1 },
    )
  })
})
