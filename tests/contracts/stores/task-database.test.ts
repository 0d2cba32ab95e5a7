import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { MemoryDisk } from '../../../stores/memory/index.ts'
import type { TaskDatabase } from '../../../stores/task-database.ts'
import { type TaskDatabaseHarness, taskDatabaseContract } from './task-database-contract.ts'

function levelHarness(): TaskDatabaseHarness {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
  const opened: TaskDatabase[] = []
  return {
    async open(options) {
      const database = await openLevelTaskDatabase({
        directory: join(folder, '0_0'),
        memoryBytes: 256 * 1024,
        readCacheBytes: 100_000,
        ...options,
      })
      opened.push(database)
      return database
    },
    // Closing writes nothing; tests/stores/level has a process killed for good.
    async crash() {
      await opened.at(-1)?.close()
    },
    async destroy() {
      for (const database of opened) await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function memoryHarness(): TaskDatabaseHarness {
  const disk = new MemoryDisk()
  return {
    open: (options) => disk.open({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0, ...options }),
    async crash() {
      disk.crash()
    },
    async destroy() {
      disk.crash()
    },
  }
}

describe('a task database in LevelDB', () => taskDatabaseContract(levelHarness))
describe('a task database in memory', () => taskDatabaseContract(memoryHarness))
