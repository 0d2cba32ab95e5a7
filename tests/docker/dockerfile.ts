// docker/Dockerfile, taken apart: its stages, and what each is told to do.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './compose.ts'

export interface Instruction {
  readonly name: string
  /** All that follows the name, in one line. */
  readonly text: string
}

export interface Stage {
  readonly base: string
  /** Undefined: the last one, which becomes the image. */
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export function readDockerfile(): readonly Stage[] {
  const text = readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const stages: (Stage & { instructions: Instruction[] })[] = []
  for (const line of lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')) {
    const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (name === undefined || rest === undefined) throw new Error(`docker/Dockerfile has the line '${line}'`)
    if (name === 'FROM') {
      const [base, , stage] = rest.split(' ')
      stages.push({ base: base!, name: stage, instructions: [] })
    } else stages.at(-1)!.instructions.push({ name, text: rest })
  }
  return stages
}

/** What the last instruction of this name says in a stage. */
export function lastOf({ instructions }: Stage, name: string): string | undefined {
  return instructions.findLast((instruction) => instruction.name === name)?.text
}

/** Paths that .dockerignore lets into the build. Its first pattern leaves out everything, each of the others lets one path in. */
export function dockerContext(): readonly string[] {
  const patterns = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (patterns[0] !== '*') throw new Error(".dockerignore must begin with '*'")
  return patterns.slice(1).map((pattern) => {
    if (!/^![\w./-]+$/.test(pattern)) throw new Error(`.dockerignore has the pattern '${pattern}'`)
    return pattern.slice(1)
  })
}
