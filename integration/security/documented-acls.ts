import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AclLine } from './acls.ts'

/** The names that ACLs of a word count are about. */
export interface App {
  readonly id: string
  readonly input: string
  readonly output: string
}

/** A line of the table in docs/security.md as it stands there: `READ topic <source>`. */
export type Need = string

const DOCUMENT = join(import.meta.dirname, '../../docs/security.md')
const ROW = /^\| ([A-Z]+) \| (topic|group|transactional-id) \| `(\S+)` \|/gm

/** What docs/security.md says that an application needs. */
export function documentedNeeds(): readonly Need[] {
  return [...readFileSync(DOCUMENT, 'utf8').matchAll(ROW)].map(([, ...cells]) => cells.join(' '))
}

/** The line made out for one word count: its only repartition topic and its only store are named `counts`. */
export function madeOut(need: Need, { id, input, output }: App): AclLine {
  const names: Readonly<Record<string, string>> = {
    source: input,
    sink: output,
    applicationId: id,
    name: 'counts',
    store: 'counts',
  }
  return need.replace(/<(\w+)>/g, (_, placeholder: string) => names[placeholder] ?? `unknown-${placeholder}`) as AclLine
}

/** The short form that the document gives, with one ACL for all topics whose names begin with the application's id. */
export function shortForm({ id, input, output }: App): readonly AclLine[] {
  const own = (['CREATE', 'READ', 'WRITE', 'DELETE'] as const).map((operation): AclLine => `${operation} topic ${id}-*`)
  return [`READ topic ${input}`, `WRITE topic ${output}`, ...own, `READ group ${id}`, `WRITE transactional-id ${id}-*`]
}
