import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { GroupMemberInfo, MemberAssignment } from '../../../lib/client/client.ts'
import { cooperativeAdjust, standingClaims } from '../../../lib/client/cooperative.ts'
import type { TopicPartition } from '../../../lib/core/record.ts'

const p = (partition: number): TopicPartition => ({ topic: 't', partition })
const ps = (...partitions: number[]): TopicPartition[] => partitions.map(p)

function member(memberId: string, ...owned: number[]): GroupMemberInfo {
  return { memberId, instanceId: null, topics: ['t'], ownedPartitions: ps(...owned), userData: Buffer.alloc(0) }
}

function assignment(wanted: Record<string, number[]>): Map<string, MemberAssignment> {
  return new Map(
    Object.entries(wanted).map(([id, partitions]) => [
      id,
      { partitions: ps(...partitions), userData: Buffer.from(id) },
    ]),
  )
}

describe('what can be given out now', () => {
  it.each([
    {
      why: 'nobody owns anything',
      wanted: { a: [0, 1], b: [2] },
      owned: {},
      given: { a: [0, 1], b: [2] },
      withheld: [],
    },
    {
      why: 'everything stays',
      wanted: { a: [0], b: [1] },
      owned: { a: [0], b: [1] },
      given: { a: [0], b: [1] },
      withheld: [],
    },
    {
      why: 'a partition moves: nobody gets it before its owner lets go',
      wanted: { a: [0], b: [1] },
      owned: { a: [0, 1] },
      given: { a: [0], b: [] },
      withheld: [1],
    },
    {
      why: 'two partitions swap',
      wanted: { a: [1], b: [0] },
      owned: { a: [0], b: [1] },
      given: { a: [], b: [] },
      withheld: [1, 0],
    },
    {
      why: 'two members claim the same partition: not even one of them gets it',
      wanted: { a: [0], b: [] },
      owned: { a: [0], b: [0] },
      given: { a: [], b: [] },
      withheld: [0],
    },
    {
      why: 'a partition is given to nobody',
      wanted: { a: [], b: [] },
      owned: { a: [0] },
      given: { a: [], b: [] },
      withheld: [],
    },
  ])('$why', ({ wanted, owned, given, withheld }) => {
    const claims: Record<string, number[]> = owned
    const adjusted = cooperativeAdjust(assignment(wanted as Record<string, number[]>), [
      member('a', ...(claims.a ?? [])),
      member('b', ...(claims.b ?? [])),
    ])
    expect(adjusted.assignment).toEqual(assignment(given as Record<string, number[]>))
    expect(adjusted.withheld).toEqual(ps(...withheld))
  })
})

describe('claims', () => {
  it('of a member that missed a generation stand: it never let go', () => {
    const standing = standingClaims([
      { memberId: 'a', generation: 5, ownedPartitions: ps(0, 1) },
      { memberId: 'b', generation: 4, ownedPartitions: ps(2) },
    ])
    expect(standing).toEqual(
      new Map([
        ['a', ps(0, 1)],
        ['b', ps(2)],
      ]),
    )
  })

  it('end where a later generation gave the partition to somebody else', () => {
    const standing = standingClaims([
      { memberId: 'a', generation: 4, ownedPartitions: ps(0, 1) },
      { memberId: 'b', generation: 5, ownedPartitions: ps(1, 2) },
    ])
    expect(standing).toEqual(
      new Map([
        ['a', ps(0)],
        ['b', ps(1, 2)],
      ]),
    )
  })
})

// Whatever the assignor wants, and however members come and go: no two members own a partition at the same time, and when nothing changes
// any more the wanted assignment is reached in two generations.
describe('a group that follows the protocol', () => {
  const wish = fc.array(fc.nat({ max: 3 }), { minLength: 6, maxLength: 6 })

  it('never has two owners of a partition', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wish, fc.nat({ max: 15 })), { maxLength: 20 }), (steps) => {
        const ids = ['a', 'b', 'c', 'd']
        const owned = new Map<string, TopicPartition[]>(ids.map((id) => [id, []]))
        // A member of the mask revokes and takes in at once; the others are slow, and keep what they had for this generation.
        const generations = new Map(ids.map((id) => [id, 0]))
        const rebalance = (wanted: readonly number[], prompt: number, generation: number): void => {
          const standing = standingClaims(
            ids.map((memberId) => ({
              memberId,
              generation: generations.get(memberId)!,
              ownedPartitions: owned.get(memberId)!,
            })),
          )
          const members = ids.map((id) => ({ ...member(id), ownedPartitions: standing.get(id)! }))
          const target = new Map(
            ids.map((id, i) => [
              id,
              {
                partitions: ps(...wanted.flatMap((taker, at) => (taker === i ? [at] : []))),
                userData: Buffer.alloc(0),
              },
            ]),
          )
          const { assignment: given } = cooperativeAdjust(target, members)
          ids.forEach((id, i) => {
            if ((prompt & (1 << i)) === 0) return
            owned.set(id, [...given.get(id)!.partitions])
            generations.set(id, generation)
          })
          const all = ids.flatMap((id) => owned.get(id)!.map(({ partition }) => partition))
          expect(new Set(all).size).toBe(all.length)
        }
        let generation = 0
        for (const [wanted, prompt] of steps) rebalance(wanted, prompt, ++generation)
        const last = [0, 1, 2, 3, 0, 1]
        rebalance(last, 15, ++generation)
        rebalance(last, 15, ++generation)
        expect(ids.map((id) => owned.get(id)!.map(({ partition }) => partition))).toEqual([[0, 4], [1, 5], [2], [3]])
      }),
    )
  })
})
