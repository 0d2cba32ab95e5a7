// The examples in docstrings: what stands below `@example`.
import { type Source, sources } from '../tidy/sources.ts'

export interface DocstringExample {
  readonly path: string
  /** Of the `@example`, from 1. */
  readonly line: number
  readonly code: string
}

/** The examples in the files whose path begins so. */
export function docstringExamples(prefixes: readonly string[]): readonly DocstringExample[] {
  return sources()
    .filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)))
    .flatMap(examplesIn)
}

function examplesIn({ path, text }: Source): readonly DocstringExample[] {
  const lines = text.split('\n')
  const starts = lines.flatMap((line, i) => (/^\s*\* @example\b/.test(line) ? [i] : []))
  return starts.map((start) => {
    const rest = lines.slice(start + 1)
    const end = rest.findIndex((line) => /^\s*\*(\/| @)/.test(line))
    return { path, line: start + 1, code: rest.slice(0, end).map(withoutStar).join('\n') }
  })
}

function withoutStar(line: string): string {
  return line.replace(/^\s*\* ?/, '')
}
