// What the contracts of stores run on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { MemoryDisk } from '../../../stores/memory/index.ts'
import type { OpenTaskDatabase, TaskDatabase } from '../../../stores/task-database.ts'

export interface Backend {
  /** A database by the name of its folder; what was written there before is in it. One at a time for each name. */
  open(name: string): Promise<TaskDatabase>
  /** Closes what is open, and removes everything. */
  destroy(): Promise<void>
}

/** Small caches, so that entries are dropped and read again. */
const READ_CACHE_BYTES = 10_000

export const backends: Readonly<Record<string, () => Backend>> = {
  memory: () => backend(new MemoryDisk().open),
  LevelDB: () => backend(openLevelTaskDatabase),
}

function backend(openDatabase: OpenTaskDatabase): Backend {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
  const open = new Map<string, TaskDatabase>()
  return {
    async open(name) {
      await open.get(name)?.close()
      const options = { directory: join(folder, name), memoryBytes: 256 * 1024, readCacheBytes: READ_CACHE_BYTES }
      const database = await openDatabase(options)
      open.set(name, database)
      return database
    },
    async destroy() {
      for (const database of open.values()) await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** How a contract is told apart in its title, for each combination of what stores can be built with. */
export const wrappers: readonly { readonly title: string; readonly caching: boolean; readonly logging: boolean }[] = [
  { caching: false, logging: true },
  { caching: false, logging: false },
  { caching: true, logging: true },
  { caching: true, logging: false },
].map(({ caching, logging }) => ({
  title: `${caching ? 'caching' : 'no caching'}, ${logging ? 'logging' : 'no logging'}`,
  caching,
  logging,
}))
