import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface Source {
  /** From the project's root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Where the TypeScript of what is published lies. */
export const PUBLISHED: readonly string[] = ['lib', 'topology', 'stores']

/** The TypeScript files in these folders; default: of what is published. */
export function sources(folders = PUBLISHED): readonly Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => {
        const file = join(entry.parentPath, entry.name)
        return { path: relative(ROOT, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') }
      }),
  )
}
