import { OverlayDatabase } from '../overlay-database.ts'
import type { OpenTaskDatabase } from '../task-database.ts'
import { MemoryState } from './memory-state.ts'

export { MemoryDisk } from './memory-disk.ts'

/** Opens a database that keeps nothing on disk: empty, and without positions, each time. */
export const openMemoryTaskDatabase: OpenTaskDatabase = async () => new OverlayDatabase(new MemoryState())
