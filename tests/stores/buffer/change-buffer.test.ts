// The buffer of suppress(): in which order updates come out, what the changelog gets, and that aborts, restarts and restores lose nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import { type ChangeBuffer, changeBuffer } from '../../../stores/buffer/change-buffer.ts'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { FakeTask } from '../fake-task.ts'

const S = serdes.string()
const builder = changeBuffer('held', { key: S, value: S })
const HEADERS = [['v', Buffer.from([3])]]

type Held = ChangeBuffer<string, string>

async function opened(task: FakeTask): Promise<Held> {
  const buffer = task.build(builder)
  await buffer.open()
  return buffer
}

function put(buffer: Held, timeMs: number, key: string, newValue: string | null, oldValue: string | null = null): void {
  const context = { timestamp: timeMs, headers: NO_HEADERS, topic: 'input', partition: 0, offset: timeMs }
  buffer.put(timeMs, { key, newValue, oldValue, context })
}

/** Takes everything out. */
function drain(buffer: Held): string[] {
  const out: string[] = []
  for (let first = buffer.first(); first !== undefined; first = buffer.first()) {
    out.push(`${buffer.firstTimeMs} ${first.key}: ${first.oldValue} → ${first.newValue} @${first.context.timestamp}`)
    buffer.removeFirst()
  }
  return out
}

describe('a change buffer', () => {
  it('holds of each key the latest update, at the place of the first', async () => {
    const buffer = await opened(await FakeTask.inMemory())
    put(buffer, 20, 'b', 'b1')
    put(buffer, 20, 'a', 'a1')
    put(buffer, 10, 'c', 'c1')
    put(buffer, 30, 'c', 'c2', 'c1')
    put(buffer, 5, 'b', null, 'b1')

    expect(buffer.count).toBe(3)
    expect(drain(buffer)).toEqual(['10 c: c1 → c2 @30', '20 a: null → a1 @20', '20 b: b1 → null @5'])
    expect([buffer.count, buffer.bytes, buffer.firstTimeMs]).toEqual([0, 0, Number.POSITIVE_INFINITY])
  })

  it('knows the value that those downstream know: what the first of the waiting updates replaced', async () => {
    const buffer = await opened(await FakeTask.inMemory())
    put(buffer, 1, 'a', 'a2', 'a1')
    put(buffer, 2, 'a', 'a3', 'a2')
    put(buffer, 3, 'b', 'b1')

    expect([buffer.prior('a'), buffer.prior('b'), buffer.prior('c')]).toEqual(['a1', null, undefined])
  })

  it('counts bytes as values change and go', async () => {
    const buffer = await opened(await FakeTask.inMemory())
    const fixed = 28 + 'input'.length + 1
    put(buffer, 1, 'a', 'four')
    expect(buffer.bytes).toBe(fixed + 4)
    put(buffer, 2, 'b', '22')
    expect(buffer.bytes).toBe(2 * fixed + 6)
    put(buffer, 3, 'a', 'x')
    expect(buffer.bytes).toBe(2 * fixed + 3)
    buffer.removeFirst()
    expect(buffer.bytes).toBe(fixed + 2)
  })

  it('logs a key once for each commit, as it is by then', async () => {
    const task = await FakeTask.inMemory()
    const buffer = await opened(task)
    put(buffer, 1, 'a', 'a1')
    put(buffer, 2, 'a', 'a2', 'a1')
    put(buffer, 3, 'b', 'b1')
    put(buffer, 4, 'c', 'c1')
    buffer.removeFirst()
    expect(task.changelog).toEqual([])
    await task.commit(buffer)

    expect(task.changelog.map(({ key, value, headers }) => [key.toString(), value === null, headers])).toEqual([
      ['a', true, NO_HEADERS],
      ['b', false, HEADERS],
      ['c', false, HEADERS],
    ])
    await task.commit(buffer)
    expect(task.changelog).toHaveLength(3)
  })

  it('is restored from its changelog', async () => {
    const task = await FakeTask.inMemory()
    const buffer = await opened(task)
    put(buffer, 2, 'a', 'a1')
    put(buffer, 1, 'b', 'b2', 'b1')
    await task.commit(buffer)
    buffer.removeFirst()
    put(buffer, 7, 'c', 'c1')
    await task.commit(buffer)

    const elsewhere = await FakeTask.inMemory()
    const restored = elsewhere.build(builder)
    task.changelog.forEach((record, offset) => {
      restored.restore({ ...record, offset })
    })
    await restored.open()

    expect(restored.bytes).toBe(buffer.bytes)
    expect(drain(restored)).toEqual(drain(buffer))
  })

  it('tells the latest event time of what waited when it was opened, wherever that stands in the order', async () => {
    const task = await FakeTask.inMemory()
    const buffer = await opened(task)
    expect(buffer.restoredTimeMs).toBe(-1)
    put(buffer, 9, 'a', 'a1')
    put(buffer, 5, 'b', 'b1')
    await task.commit(buffer)
    expect((await opened(task)).restoredTimeMs).toBe(9)

    put(buffer, 7, 'a', 'a2')
    task.database.rollback()
    const again = await opened(task)
    expect(again.restoredTimeMs).toBe(9)
    drain(again)
    await task.commit(again)
    expect((await opened(task)).restoredTimeMs).toBe(-1)
  })

  it('goes back to the last commit after an abort', async () => {
    const task = await FakeTask.inMemory()
    const buffer = await opened(task)
    put(buffer, 2, 'a', 'a1')
    put(buffer, 1, 'b', 'b1')
    await task.commit(buffer)
    put(buffer, 0, 'c', 'c1')
    put(buffer, 3, 'a', 'a2', 'a1')
    buffer.removeFirst()
    buffer.removeFirst()
    task.database.rollback()

    expect(drain(await opened(task))).toEqual(['1 b: null → b1 @1', '2 a: null → a1 @2'])
  })

  it('is there again after a restart, without its changelog', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-buffer-'))
    try {
      const open = async () =>
        new FakeTask(await openLevelTaskDatabase({ directory, memoryBytes: 1 << 20, readCacheBytes: 0 }))
      const before = await open()
      const buffer = await opened(before)
      put(buffer, 2, 'a', 'a1', 'a0')
      put(buffer, 1, 'b', null, 'b0')
      await before.commit(buffer)
      await before.database.close()

      const after = await open()
      expect(drain(await opened(after))).toEqual(['1 b: b0 → null @1', '2 a: a0 → a1 @2'])
      await after.database.close()
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  it('has its serdes prepared for what an earlier process wrote', async () => {
    const task = await FakeTask.inMemory()
    put(await opened(task), 1, 'a', 'new', 'old')
    const ready = new Set<string>()
    const late: Serde<string> = {
      ...S,
      serialize: S.serialize,
      prepare: async (_, bytes) => {
        ready.add(bytes.toString())
      },
      deserialize: (topic, bytes) => {
        if (!ready.has(bytes.toString())) throw new Error(`not prepared: ${bytes}`)
        return S.deserialize(topic, bytes)
      },
    }
    const buffer = task.build(changeBuffer('held', { key: S, value: late }))
    await buffer.open()

    expect(buffer.first()).toMatchObject({ newValue: 'new', oldValue: 'old' })
    expect(buffer.prior('a')).toBe('old')
  })

  it.each([
    ['no version', []],
    ['version 2', [['v', Buffer.from([2])] as const]],
  ])('refuses a changelog in an older format: %s', async (_, headers) => {
    const buffer = (await FakeTask.inMemory()).build(builder)
    const record = { offset: 0, timestamp: 0, key: Buffer.from('a'), value: Buffer.alloc(40), headers }
    expect(() => buffer.restore(record)).toThrow(
      expect.objectContaining({ code: 'STREAMS_CHANGELOG_FORMAT', topic: 'app-held-changelog' }),
    )
    // A deletion has no format.
    buffer.restore({ ...record, value: null })
  })
})
