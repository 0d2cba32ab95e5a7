import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../node_modules')

/** Lines of real text: the licences and READMEs of the installed packages, in order of their paths, up to `bytes`. */
export function realText(bytes: number): readonly string[] {
  const lines: string[] = []
  let size = 0
  for (const folder of readdirSync(ROOT).sort()) {
    const names = folder.startsWith('.') || folder.startsWith('@') ? [] : readdirSync(join(ROOT, folder)).sort()
    for (const name of names.filter((candidate) => /^(licen[cs]e|readme|changelog)/i.test(candidate))) {
      const path = join(ROOT, folder, name)
      if (!statSync(path).isFile()) continue
      for (const line of readFileSync(path, 'utf8').split('\n')) {
        if (line.trim() === '') continue
        lines.push(line)
        size += Buffer.byteLength(line)
        if (size >= bytes) return lines
      }
    }
  }
  throw new Error(`only ${size} bytes of text under node_modules`)
}

/** How often each word occurs: the truth that a word count is compared with. */
export function countWords(lines: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) {
    for (const word of line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}
