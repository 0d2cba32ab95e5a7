// The database that is an instance's lock, damaged, and asked for by several at once. Who gets it must be one, whatever has to be moved for that.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { openInstanceDatabase } from '../../../stores/level/instance-database.ts'
import { type Damage, damage, dataFiles } from '../../support/file-damage.ts'
import { Chance } from '../../support/fuzz.ts'

it.each<{ files: RegExp; kind: Damage }>([
  { files: /^CURRENT$/, kind: 'no bytes left' },
  { files: /^CURRENT$/, kind: 'deleted' },
  { files: /\.ldb$/, kind: 'zeros in a sector' },
])('damaged ($files: $kind): one of several gets it', async ({ files, kind }) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
  const options = { directory: join(folder, 'instance'), clock: systemClock, logger: silentLogger }
  try {
    for (let life = 0; life < 2; life++) {
      const database = await openInstanceDatabase(options)
      await database.instanceId(() => 'before')
      await database.close()
    }
    for (const file of dataFiles(options.directory).filter((name) => files.test(name)))
      damage(options.directory, file, kind, new Chance(1))

    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => openInstanceDatabase(options)))
    const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
    const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : []))
    expect(opened).toHaveLength(1)
    expect(codes).toEqual(Array.from({ length: 3 }, () => 'STREAMS_STATE_DIR_LOCKED'))
    expect(readdirSync(folder).filter((name) => name.includes('damaged')).length).toBeLessThan(2)
    expect(await opened[0]!.instanceId(() => 'after')).toBe('after')
    await opened[0]!.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
