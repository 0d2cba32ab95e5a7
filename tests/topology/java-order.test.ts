import fc from 'fast-check'
import { copiedHashOrder, hashOrder, TreeSet } from '../../topology/java-order.ts'

describe("the order of Java's HashSet", () => {
  // Java: "a".hashCode() is 97, "p" 112, "q" 113; 97 and 113 share the bucket 1 of 16, but not of 32.
  it.each([
    { names: ['q', 'a', 'p'], order: ['p', 'q', 'a'], why: 'p in bucket 0; q and a in bucket 1, as they came' },
    { names: ['a', 'q', 'p'], order: ['p', 'a', 'q'], why: 'the same in the other order' },
    {
      names: [...'abcdefghijklq'],
      order: [...'abcdefghijklq'],
      why: '13 names have 32 buckets: q is no longer with a',
    },
  ])('$names: $why', ({ names, order }) => {
    expect(hashOrder(names)).toEqual(order)
  })

  it('a copy of 12 has 32 buckets where a set that grew to 12 has 16', () => {
    const names = [...'qabcdefghijk']

    expect(hashOrder(names)).toEqual([...'qabcdefghijk'])
    expect(copiedHashOrder(names)).toEqual([...'abcdefghijkq'])
  })
})

describe('TreeSet', () => {
  it('iterates in order, each value once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 200 }), (values) => {
        const set = new TreeSet<number>((a, b) => a - b)
        for (const value of values) set.add(value)

        expect([...set]).toEqual([...new Set(values)].sort((a, b) => a - b))
      }),
    )
  })

  it('stays balanced: a value is compared with few others', () => {
    let comparisons = 0
    const set = new TreeSet<number>((a, b) => {
      comparisons++
      return a - b
    })
    for (let value = 0; value < 1000; value++) set.add(value)
    comparisons = 0

    set.add(1000)

    expect(comparisons).toBeLessThanOrEqual(2 * Math.log2(1001))
  })
})
