// A leaf that grows in place is to be the one that copying makes, byte for byte, after each step.
import fc from 'fast-check'
import { GrowingLeaf } from '../../../stores/grouped/growing-leaf.ts'
import { entriesOf, findEntry, LEAF, withEntry } from '../../../stores/grouped/leaf.ts'

const HEAD = Buffer.from('h')
const EMPTY = Buffer.of(LEAF)

const step = fc.record({
  sort: fc.uint8Array({ minLength: 0, maxLength: 3, max: 6 }),
  value: fc.option(fc.uint8Array({ maxLength: 200 }), { freq: 3 }),
})

it.each([{ startsAs: 'nothing' }, { startsAs: 'a row' }])('that starts as $startsAs', ({ startsAs }) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const row = startsAs === 'a row' ? put(put(EMPTY, [3], [1]), [3, 3], [2]) : undefined
      const before = row && Buffer.from(row)
      const growing = new GrowingLeaf(row, 4)
      let expected = row ?? EMPTY
      for (const { sort, value } of steps) {
        const next = put(expected, sort, value)
        const growth = growing.put(Buffer.from(sort), value && Buffer.from(value), HEAD)
        const grown = count(next) - count(expected)
        expected = next
        // Without expect, which takes its time.
        const isSame = (growing.row ?? EMPTY).equals(expected) && growing.length === expected.length
        if (!isSame || growth !== grown || growing.capacity < expected.length) return false
      }
      if (expected.length === EMPTY.length) expect(growing.row).toBe(row === undefined ? undefined : null)
      // Others may be reading it.
      expect(row).toEqual(before)
      return true
    }),
    { seed: 77, numRuns: 300 },
  )
})

function put(leaf: Buffer, sort: ArrayLike<number>, value: ArrayLike<number> | null): Buffer {
  const key = Buffer.from(Array.from(sort))
  const place = findEntry(leaf, key)
  if (value === null && place.end === place.start) return leaf
  return withEntry(leaf, place, key, value && Buffer.from(Array.from(value)), HEAD)
}

function count(leaf: Buffer): number {
  return entriesOf(leaf).length
}
