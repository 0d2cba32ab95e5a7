import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of a given size, in memory. Only for those who may mount one: root, on Linux. */
export class SmallDisk {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Undefined: this user may not. */
  static mount(size: string): SmallDisk | undefined {
    const path = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
    if (run('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path)) return new SmallDisk(path)
    rmSync(path, { recursive: true })
    return undefined
  }

  resize(size: string): void {
    if (!run('-o', `remount,size=${size}`, this.path)) throw new Error(`${this.path} cannot be made ${size}`)
  }

  unmount(): void {
    spawnSync('umount', [this.path])
    rmSync(this.path, { recursive: true })
  }
}

function run(...args: string[]): boolean {
  return spawnSync('mount', args).status === 0
}
