// Examples of a document: its ```ts blocks. Lines of comment in them say what goes in and what comes out:
//
//   // in  orders: ['a', 50], ['b', 200, 10]     piped, one after the other: key, value, and time in milliseconds (default 0)
//   // out large: ['b', 200]                     what the topic has got since its last such line; a time counts if it is given
//   // out large: nothing
//   // wall clock: 1000                          moved on by so many milliseconds
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../tidy/sources.ts'

export interface Example {
  /** The headings above, and the block's line in the document. */
  readonly title: string
  readonly code: string
  readonly steps: readonly Step[]
}

export type ExampleRecord = readonly [key: unknown, value: unknown, timestamp?: number]

export type Step =
  | { readonly kind: 'in' | 'out'; readonly topic: string; readonly records: readonly ExampleRecord[] }
  | { readonly kind: 'wall clock'; readonly ms: number }

const STEP = /^\/\/ (?:(in|out)\s+([^\s:]+)|wall clock):\s*(.*)$/

/** The examples of a document, by its path from the project's root. */
export function examplesOf(path: string): readonly Example[] {
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n')
  const examples: Example[] = []
  let heading = ''
  for (let i = 0; i < lines.length; i++) {
    if (/^#+ /.test(lines[i]!)) heading = lines[i]!.replace(/^#+ /, '')
    if (lines[i] !== '```ts') continue
    const end = lines.indexOf('```', i)
    const block = lines.slice(i + 1, end)
    const steps = block.flatMap((line) => stepOf(line) ?? [])
    examples.push({ title: `${heading} (line ${i + 1})`, code: block.join('\n'), steps })
    i = end
  }
  return examples
}

function stepOf(line: string): Step | undefined {
  const found = STEP.exec(line)
  if (found === null) return undefined
  const [, kind, topic, text] = found
  if (kind === undefined) return { kind: 'wall clock', ms: Number(text) }
  const records: readonly ExampleRecord[] = text === 'nothing' ? [] : new Function(`return [${text}]`)()
  return { kind: kind as 'in' | 'out', topic: topic!, records }
}
