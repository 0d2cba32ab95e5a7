// The state directory lies on a disk that is full: for real, on a small file system, where this user may mount one. What was committed is not lost.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { SmallDisk } from '../support/small-disk.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf, keysNotRising } from '../support/topologies.ts'

const probe = SmallDisk.mount('1m')
probe?.unmount()
const onSmallDisks = probe === undefined ? describe.skip : describe

const FULL = {
  code: 'STREAMS_STATE_DISK_FULL',
  message: expect.stringMatching(/Its file system has \d+ bytes free\. Make room/),
}
const ROUND = 2_000
const MAX_ROUNDS = 30

const incompressible = (n: number) => createHash('sha512').update(String(n)).digest('base64')

onSmallDisks('exactly once, on a disk of 1 MB (needs a user who may mount)', () => {
  let app: TestApp
  let disk: SmallDisk
  let produced: string[]
  beforeEach(() => {
    disk = SmallDisk.mount('1m')!
    produced = []
    app = new TestApp({
      stateDir: disk.path,
      stateMemoryBytes: 1_048_576,
      readCacheBytes: 0,
      cacheBytes: 0,
      commitIntervalMs: 5,
    }).topics({ in: 1, out: 1 })
  })
  afterEach(async () => {
    await app.close()
    disk.unmount()
  })

  async function produce(): Promise<void> {
    const keys = Array.from({ length: ROUND }, (_, i) => incompressible(produced.length + i))
    produced.push(...keys)
    await app.produce('in', ...keys.map((key) => ({ key, value: '' })))
  }

  const inTask = { directory: expect.stringContaining(join('app', '0_0')) }

  /** Counts until the disk is full. */
  async function fill(): Promise<void> {
    const instance = await app.start(countByKey())
    for (let round = 0; instance.errors.length === 0; round++) {
      expect(round).toBeLessThan(MAX_ROUNDS)
      await produce()
      await Promise.race([app.caughtUp('in').catch(() => {}), instance.failed().catch(() => {})])
    }
    expect(instance.errors[0]).toMatchObject({ ...FULL, ...inTask })
    expect(instance.state).toBe('ERROR')
  }

  it('during a commit: stops; a start is refused while the disk is full; with room it goes on from the last commit', async () => {
    await fill()
    await produce()
    await expect(app.open(countByKey()).streams.start()).rejects.toMatchObject(FULL)

    disk.resize('64m')
    const again = await app.start(countByKey())
    await app.caughtUp('in')
    expect(app.latest('out')).toEqual(countsOf(produced))
    expect(keysNotRising(app, 'out')).toEqual([])
    // What the disk lacks is read, and no more.
    expect(again.restored[0]!.records).toBeLessThan(produced.length)
    expect(again.logged('set aside')).toBeUndefined()
  }, 60_000)

  it('during a restore: stops; with room the restore goes on', async () => {
    const roomy = await app.start(countByKey(), 'a', {
      stateDir: join(app.folder, 'roomy'),
      commitIntervalMs: 100,
    })
    for (let round = 0; round < 7; round++) {
      await produce()
      await app.caughtUp('in')
    }
    await roomy.close()

    await expect(app.open(countByKey()).streams.start()).rejects.toMatchObject({ ...FULL, ...inTask })
    disk.resize('64m')
    await app.start(countByKey())
    await app.produce('in', { key: produced[7]!, value: '' })
    await app.caughtUp('in')
    expect(app.latest('out')).toEqual(countsOf([...produced, produced[7]!]))
  }, 60_000)
})
