import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Folders of one task that are kept for whoever wants to know what had happened to them. */
const MAX_KEPT = 3
const MARK = '.damaged-'

/**
 * Renames the folder of a damaged database, so that a new one can take its place: `0_3` becomes `0_3.damaged-20261123T125435123Z`. The last three of each
 * are kept; they are never read again, and may be deleted at any time.
 *
 * @returns Where it lies now.
 */
export function setAside(directory: string, nowMs: number): string {
  const parent = dirname(directory)
  const prefix = basename(directory) + MARK
  const target = join(parent, prefix + new Date(nowMs).toISOString().replace(/[-:.]/g, ''))
  // Two within one millisecond: the later one is kept.
  rmSync(target, { recursive: true, force: true })
  renameSync(directory, target)
  const kept = readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .sort()
  for (const name of kept.slice(0, -MAX_KEPT)) rmSync(join(parent, name), { recursive: true, force: true })
  return target
}
