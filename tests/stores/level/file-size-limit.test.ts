// A limit on the size of files stands for a full disk where nobody may mount a small one: LevelDB's log meets it in the midst of a batch.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'

// Windows has no such limits.
const onUnix = process.platform === 'win32' ? it.skip : it

onUnix(
  'a batch that the disk does not take: an error of its own, and the commits before it are whole',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-limit-'))
    try {
      const script = join(import.meta.dirname, 'limited-writer.ts')
      // In blocks of 512 or 1024 bytes, as the shell likes.
      const { stdout } = spawnSync(
        'sh',
        ['-c', `ulimit -f 200; exec '${process.execPath}' '${script}' '${directory}'`],
        {
          encoding: 'utf8',
        },
      )
      const lines = stdout.trim().split('\n')
      expect(JSON.parse(lines.pop()!)).toMatchObject({
        code: 'STREAMS_STATE_DISK_FULL',
        message: expect.stringMatching(/File too large.*Its file system has \d+ bytes free/),
      })
      const known = Number(lines.pop())
      expect(known).toBeGreaterThan(1)

      const database = await openLevelTaskDatabase({ directory, memoryBytes: 8 * 1024 * 1024, readCacheBytes: 0 })
      const { offset } = database.position('s')!
      // The batch that failed may be there after all: whole.
      expect([known, known + 1]).toContain(offset)
      const values = new Set<string>()
      for await (const [, value] of database.rows('s').range({})) values.add(value.toString().trim())
      expect([...values]).toEqual([String(offset)])
      await database.close()
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
  60_000,
)
