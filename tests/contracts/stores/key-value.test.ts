import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelTaskDatabase } from '../../../stores/level/index.ts'
import { openMemoryTaskDatabase } from '../../../stores/memory/index.ts'
import { stores } from '../../../stores/stores.ts'
import type { TaskDatabase } from '../../../stores/task-database.ts'
import { type KeyValueVariant, keyValueContract } from './key-value-contract.ts'

const KINDS: Record<string, Pick<KeyValueVariant, 'declare' | 'entry' | 'value'>> = {
  'key-value store': {
    declare: (name, options) => stores.keyValue(name, options),
    entry: (value) => value,
    value: (entry) => entry,
  },
  'timestamped key-value store': {
    declare: (name, options) => stores.timestampedKeyValue(name, options),
    entry: (value, timestamp) => ({ value, timestamp }),
    value: (entry) => entry?.value,
  },
}

const BACKENDS: Record<string, () => Pick<KeyValueVariant, 'open' | 'destroy'>> = {
  memory: () => ({
    open: () => openMemoryTaskDatabase({ directory: '0_0', memoryBytes: 0, readCacheBytes: 0 }),
    async destroy() {},
  }),
  LevelDB: () => {
    let folder: string | undefined
    let database: TaskDatabase | undefined
    return {
      async open() {
        folder = mkdtempSync(join(tmpdir(), 'millrace-'))
        database = await openLevelTaskDatabase({ directory: folder, memoryBytes: 256 * 1024, readCacheBytes: 10_000 })
        return database
      },
      async destroy() {
        await database?.close()
        if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

for (const [kind, declare] of Object.entries(KINDS)) {
  for (const [backend, makeBackend] of Object.entries(BACKENDS)) {
    for (const caching of [false, true]) {
      for (const logging of [true, false]) {
        const wrappers = `${caching ? 'caching' : 'no caching'}, ${logging ? 'logging' : 'no logging'}`
        describe(`a ${kind} in ${backend} with ${wrappers}`, () => {
          keyValueContract(() => ({ ...declare, ...makeBackend(), caching, logging }) as KeyValueVariant)
        })
      }
    }
  }
}
