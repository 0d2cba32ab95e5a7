import type { CommittedState } from '../../stores/committed-state.ts'
import { MemoryState } from '../../stores/memory/memory-state.ts'
import { OverlayDatabase } from '../../stores/overlay-database.ts'

/** Memory whose next write fails. */
function failingOnce(): CommittedState {
  const state = new MemoryState()
  let failed = false
  return {
    rows: (name) => state.rows(name),
    position: (name) => state.position(name),
    wipe: (name) => state.wipe(name),
    close: () => state.close(),
    async write(writes, positions, expired) {
      if (!failed) {
        failed = true
        throw new Error('no space left on device')
      }
      await state.write(writes, positions, expired)
    },
  }
}

const b = (text: string) => Buffer.from(text)
const positions = new Map([['s', { offset: 1, topicId: 't', clusterId: 'c' }]])

describe('a write that fails', () => {
  it('leaves the generation sealed, readable, and to be written again', async () => {
    const database = new OverlayDatabase(failingOnce())
    const rows = database.rows('s')
    rows.put(b('k'), b('1'))
    database.seal()
    rows.put(b('k'), b('2'))
    await expect(database.write(positions)).rejects.toThrow('no space left')
    expect(database.position('s')).toBeUndefined()
    expect(database.committed('s').get(b('k'))).toBeUndefined()
    expect(rows.get(b('k'))?.toString()).toBe('2')
    await database.write(positions)
    expect(database.committed('s').get(b('k'))?.toString()).toBe('1')
    expect(database.position('s')?.offset).toBe(1)
  })

  it('can be rolled back', async () => {
    const database = new OverlayDatabase(failingOnce())
    database.rows('s').put(b('k'), b('1'))
    database.seal()
    await expect(database.write(positions)).rejects.toThrow('no space left')
    database.rollback()
    expect(database.rows('s').get(b('k'))).toBeUndefined()
    expect(database.uncommittedBytes).toBe(0)
    database.seal()
    await database.write(new Map())
  })
})
