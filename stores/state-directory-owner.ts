// A note in the state directory about its holder, for the message that the next one gets. Only a note: the lock is LevelDB's.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { StateDirectoryHolder } from './errors.ts'

export interface Owner extends StateDirectoryHolder {
  /** When the process started, in the kernel's count; null where the platform does not tell. A pid alone is soon given to another. */
  readonly processStart: string | null
}

export function thisProcess(sinceMs: number): Owner {
  return { pid: process.pid, host: hostname(), sinceMs, processStart: processStart(process.pid) }
}

/**
 * Whether the note was written by this very process: by another thread of it, or by another copy of this module. Then the lock is held, and
 * trying to take it would drop it.
 */
export function isThisProcess(owner: Owner): boolean {
  return owner.pid === process.pid && isAlive(owner)
}

/** Whether the process that wrote the note runs on this machine; false also where that cannot be told. */
export function isAlive(owner: Owner): boolean {
  return owner.host === hostname() && owner.processStart !== null && owner.processStart === processStart(owner.pid)
}

export function writeOwner(directory: string, owner: Owner): void {
  writeFileSync(noteIn(directory), `${JSON.stringify(owner)}\n`)
}

/** Undefined: none there, or half written. */
export function readOwner(directory: string): Owner | undefined {
  try {
    const { pid, host, sinceMs, processStart } = JSON.parse(readFileSync(noteIn(directory), 'utf8'))
    if (!Number.isInteger(pid) || typeof host !== 'string' || !Number.isSafeInteger(sinceMs)) return undefined
    return { pid, host, sinceMs, processStart: typeof processStart === 'string' ? processStart : null }
  } catch {
    return undefined
  }
}

export function removeOwner(directory: string): void {
  rmSync(noteIn(directory), { force: true })
}

function noteIn(directory: string): string {
  return join(directory, 'owner.json')
}

// From /proc/<pid>/stat (Linux), counted from behind the command's closing parenthesis, as the command may hold spaces: the
// state, and field 22. A zombie has ended: its parent has not looked yet.
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}
