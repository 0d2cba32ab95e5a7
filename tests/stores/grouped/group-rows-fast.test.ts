// Strategy: GroupRows remembers the row, the leaf and the place of its last call. One instance, whose callers hand over the same Buffers again and again, as
// operators do that go through the windows of a key, against an instance made anew for each call: the same answers, the same rows to the byte.
import fc from 'fast-check'
import { GroupRows } from '../../../stores/grouped/group-rows.ts'
import { openMemoryTaskDatabase } from '../../../stores/memory/index.ts'
import { collect } from '../fake-task.ts'

const call = fc.record({
  do: fc.constantFrom('get', 'put', 'get and put', 'get and put', 'delete'),
  /** How much further on, or back, the next sort key is. */
  step: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 1, 1, 2) },
    { weight: 1, arbitrary: fc.integer({ min: -9, max: 9 }) },
  ),
  value: fc.constantFrom('', 'v', 'value', 'x'.repeat(150), 'y'.repeat(1_500)),
  head: fc.constantFrom('', 'headhead'),
})
const run = fc.record({
  group: fc.constantFrom('g', 'g\0\0\0\0', 'h'),
  start: fc.integer({ min: 0, max: 40 }),
  calls: fc.array(call, { maxLength: 12 }),
  end: fc.constantFrom('go on', 'go on', 'go on', 'commit', 'roll back'),
})

it('what is at hand from the call before changes nothing but the time it takes', async () => {
  let [writes, leaves] = [0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 25, size: 'max' }), async (runs) => {
      const open = () => openMemoryTaskDatabase({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 })
      const [fastDatabase, plainDatabase] = [await open(), await open()]
      const databases = [fastDatabase, plainDatabase]
      const plainRows = plainDatabase.rows('store')
      const plain = () => new GroupRows(plainRows)
      let fast = new GroupRows(fastDatabase.rows('store'))
      const buffers = new Map<string, Buffer>()
      const same = (text: string) => buffers.get(text) ?? buffers.set(text, Buffer.from(text)).get(text)!
      const head = Buffer.alloc(8)
      for (const { group, start, calls, end } of runs) {
        let at = start
        for (const one of calls) {
          at = Math.max(0, at + one.step)
          const sort = String(at).padStart(3, '0')
          if (one.do.startsWith('get')) {
            const found = fast.get(same(group), same(sort))
            expect(`${found}`).toBe(`${plain().get(Buffer.from(group), Buffer.from(sort))}`)
          }
          if (one.do === 'get') continue
          writes++
          const value = one.do === 'delete' ? null : Buffer.from(one.value)
          // One Buffer for all heads: it is copied.
          head.write(one.head)
          const grown = fast.put(same(group), same(sort), value, head.subarray(0, one.head.length))
          const whole = value === null ? null : Buffer.from(one.head + one.value)
          expect(plain().put(Buffer.from(group), Buffer.from(sort), whole)).toBe(grown)
          head.fill(0)
        }
        if (end === 'go on') continue
        for (const database of databases) {
          if (end === 'roll back') database.rollback()
          else {
            database.seal()
            await database.write(new Map())
          }
        }
        if (end === 'roll back') fast = new GroupRows(fastDatabase.rows('store'))
      }
      const rows = await collect(fastDatabase.rows('store').range({}))
      expect(rows).toEqual(await collect(plainRows.range({})))
      leaves = Math.max(leaves, rows.length)
    }),
    { seed: 4_711, numRuns: 60 },
  )
  // Must have happened: groups of several leaves.
  expect(writes).toBeGreaterThan(1_000)
  expect(leaves).toBeGreaterThan(8)
})
