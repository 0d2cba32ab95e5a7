// Cases recorded from Java Kafka Streams 4.3.1: tests/data/oracle/<name>.json.gz.
import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const FOLDER = new URL('../../data/oracle/', import.meta.url)

export interface RecordedCase {
  readonly name: string
  readonly topologyDescription: string
  /** Random cases only. */
  readonly topology?: { readonly nodes: readonly RandomNode[] }
}

/** One DSL call of a random topology. */
export interface RandomNode {
  readonly id: string
  readonly op: string
  readonly in?: readonly string[]
  readonly args?: Readonly<Record<string, any>>
  readonly out?: { readonly kind: string; readonly key: string; readonly value: string }
  readonly named?: string
}

export function readGzipped(file: string): any {
  return JSON.parse(gunzipSync(readFileSync(new URL(file, FOLDER))).toString())
}

export function recordedCase(name: string): RecordedCase {
  return readGzipped(`${name}.json.gz`)
}

export function recordedNames(prefix = ''): string[] {
  const names = readdirSync(FOLDER).map((file) => file.replace('.json.gz', ''))
  return names.filter((name) => name.startsWith(prefix) && name !== 'descriptions')
}
