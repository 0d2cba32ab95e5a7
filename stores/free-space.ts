import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

// What file systems say when they take no more, as errno names (Node) and as text (LevelDB): full, over quota, over the size that one file may have.
const NO_SPACE =
  /\b(?:ENOSPC|EDQUOT|EFBIG)\b|No space left on device|quota exceeded|File too large|not enough space on the disk/i

export function isDiskFull(message: string): boolean {
  return NO_SPACE.test(message)
}

/** Bytes that this process may still write on the file system of a folder, or of the first of its parents that is there; undefined: cannot be told. */
export function freeBytes(directory: string): number | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    } catch {
      if (dirname(folder) === folder) return undefined
    }
  }
}
