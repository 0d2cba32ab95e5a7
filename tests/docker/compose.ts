// docker/compose.yml, as far as tests look at it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseYaml } from './yaml.ts'

export const ROOT = join(import.meta.dirname, '../..')

interface Service {
  readonly image?: string
  readonly hostname?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly init?: boolean
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
}

export interface Compose {
  readonly services: Readonly<Record<'broker' | 'topics' | 'word-count', Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

export function readCompose(): Compose {
  return parseYaml(readFileSync(join(ROOT, 'docker/compose.yml'), 'utf8')) as Compose
}

/** How the broker's image reads a variable: KAFKA_NODE_ID as `node.id`. */
export function propertyName(variable: string): string {
  return variable
    .replace(/^KAFKA_/, '')
    .toLowerCase()
    .replaceAll('_', '.')
    .replaceAll('...', '-')
    .replaceAll('..', '_')
}

/** The properties that the image makes of the broker's environment. */
export function brokerProperties({ services }: Compose): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(services.broker.environment!)
      .filter(([variable]) => variable.startsWith('KAFKA_'))
      .map(([variable, value]) => [propertyName(variable), String(value)]),
  )
}

/** The topics that the one-shot service makes, and with how many partitions each. */
export function createdTopics({ services }: Compose): {
  readonly topics: readonly string[]
  readonly partitions: number
} {
  const [script] = services.topics.command!
  const names = /for topic in (.*); do/.exec(script!)![1]!
  return { topics: names.split(' '), partitions: Number(/--partitions (\d+)/.exec(script!)![1]) }
}

/** The options of the word count: `--input=lines` as `input: 'lines'`. */
export function wordCountOptions({ services }: Compose): Readonly<Record<string, string>> {
  return Object.fromEntries(
    services['word-count'].command!.map((option) => /^--([a-z-]+)=(.+)$/.exec(option)!.slice(1, 3) as [string, string]),
  )
}
