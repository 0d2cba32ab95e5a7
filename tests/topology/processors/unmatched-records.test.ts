import { serdes } from '../../../lib/serde/index.ts'
import { unmatchedStore } from '../../../stores/unmatched/unmatched-store.ts'
import { UnmatchedRecords, type UnmatchedSettings } from '../../../topology/processors/unmatched-records.ts'
import { windows } from '../../../topology/windows.ts'
import { FakeTask } from '../../stores/fake-task.ts'
import { TestContext } from '../support/test-context.ts'

const S = serdes.string()
const waiting = unmatchedStore<string, string, string>('waiting', { key: S, left: S, right: S })

// Those of the left side wait for 10 ms after their time, those of the right one for 30 ms, and 5 ms more.
const settings: UnmatchedSettings = {
  windows: windows.join({ beforeMs: 30, afterMs: 10, graceMs: 5 }),
  bothSides: true,
  promptly: false,
}

async function records(options: Partial<UnmatchedSettings> = {}) {
  const store = (await FakeTask.inMemory()).build(waiting)
  await store.open()
  return { store, unmatched: UnmatchedRecords.shared<string>(store, { ...settings, ...options }) }
}

async function due(unmatched: UnmatchedRecords<string>): Promise<string[]> {
  const found: string[] = []
  for await (const { timestamp, side, key } of unmatched.due()) found.push(`${timestamp} ${side} ${key}`)
  return found
}

describe('records without a match', () => {
  it('are shared by the sides of a join, and not by tasks', async () => {
    const { store, unmatched } = await records()
    expect(UnmatchedRecords.shared(store, settings)).toBe(unmatched)
    expect((await records()).unmatched).not.toBe(unmatched)
  })

  it('are due when their span and the grace have passed', async () => {
    const { unmatched } = await records()
    unmatched.add('left', 'a', '', 100)
    unmatched.add('right', 'b', '', 80)
    unmatched.observe(115)
    expect(await due(unmatched)).toEqual([])
    unmatched.observe(116)
    unmatched.observe(3)
    expect(unmatched.streamTimeMs).toBe(116)
    expect(await due(unmatched)).toEqual(['80 right b', '100 left a'])
    expect(await due(unmatched)).toEqual([])
  })

  it('that were matched are no more', async () => {
    const { unmatched } = await records()
    unmatched.add('left', 'a', '', 100)
    unmatched.add('left', 'b', '', 100)
    unmatched.matched('left', 'a', 100)
    unmatched.observe(1_000)
    expect(await due(unmatched)).toEqual(['100 left b'])
  })

  it('of one key and time end a look as in Java: the next one goes by their time', async () => {
    for (const [count, looks] of [
      [1, false],
      [2, true],
    ] as const) {
      const { unmatched } = await records()
      unmatched.add('right', 'a', '', 100)
      for (let i = 0; i < count; i++) unmatched.add('left', 'a', `${i}`, 100)
      unmatched.add('left', 'a', '', 120)
      unmatched.observe(105)
      expect(await due(unmatched)).toEqual([])
      unmatched.observe(130)
      expect(unmatched.shouldLook('left', new TestContext())).toBe(looks)
    }
  })

  it('go one by one: where the join of one fails, it is gone, and the others stay', async () => {
    const { unmatched } = await records()
    for (const key of ['a', 'b', 'c']) unmatched.add('left', key, '', 100)
    unmatched.observe(1_000)
    const failing = async () => {
      for await (const { key } of unmatched.due()) if (key === 'b') throw new Error(key)
    }
    await expect(failing()).rejects.toThrow('b')
    expect(unmatched.shouldLook('left', new TestContext())).toBe(true)
    expect(await due(unmatched)).toEqual(['100 left c'])
  })

  it.each<[string, boolean, 'left' | 'right', number, boolean]>([
    ['as Java, by the span of the side that looks', false, 'left', 115, false],
    ['as Java, by the span of the side that looks', false, 'left', 116, true],
    ['as Java, by the span of the side that looks', false, 'right', 135, false],
    ['as Java, by the span of the side that looks', false, 'right', 136, true],
    ['promptly, by the shorter one', true, 'right', 115, false],
    ['promptly, by the shorter one', true, 'right', 116, true],
  ])(
    'are looked for %s: promptly %s, with a record of the %s side at %d ms: %s',
    async (_, promptly, side, timeMs, looks) => {
      const { unmatched } = await records({ promptly })
      unmatched.add('left', 'a', '', 100)
      unmatched.observe(timeMs)
      expect(unmatched.shouldLook(side, new TestContext())).toBe(looks)
    },
  )

  it('are looked for once in an interval of the clock', async () => {
    const { unmatched } = await records()
    const context = new TestContext()
    context.emitIntervalMs = 1_000
    unmatched.add('left', 'a', '', 100)
    unmatched.observe(500)
    const looks = [0, 0, 999, 1_000, 1_500].map((nowMs) => {
      context.nowMs = nowMs
      return unmatched.shouldLook('left', context)
    })
    expect(looks).toEqual([true, false, false, true, false])
  })

  it('are not looked for if there are none', async () => {
    const { unmatched } = await records()
    unmatched.observe(1_000_000)
    expect(unmatched.shouldLook('left', new TestContext())).toBe(false)
  })

  it('as Java: after a look for one side alone the latest one counts, though older ones are left', async () => {
    const { unmatched } = await records({ bothSides: false })
    for (const timeMs of [100, 110, 120, 130]) unmatched.add('left', 'a', '', timeMs)
    unmatched.observe(116)
    expect(await due(unmatched)).toEqual(['100 left a'])
    unmatched.observe(145)
    expect(unmatched.shouldLook('left', new TestContext())).toBe(false)
    unmatched.observe(146)
    expect(unmatched.shouldLook('left', new TestContext())).toBe(true)
    expect(await due(unmatched)).toEqual(['110 left a', '120 left a', '130 left a'])
  })
})
