// The form of a recorded case: what Java was given, and everything that it produced.
import { loadData } from '../data/load.ts'
import type { RandomNode } from '../topology/oracle/recorded.ts'

export interface GoldenCase {
  readonly name: string
  readonly applicationId: string
  /** Java's settings besides the common ones. */
  readonly config: Readonly<Record<string, string>>
  readonly initialWallClockMs: number
  readonly topologyDescription: string
  /** Random cases only. */
  readonly topology?: { readonly nodes: readonly RandomNode[] }
  readonly steps: readonly GoldenStep[]
  /** By topic, in the order of the topic: sinks, repartition topics and changelogs. */
  readonly outputs: Readonly<Record<string, readonly GoldenOutput[]>>
  readonly stores: Readonly<Record<string, GoldenStore>>
  /** The step in which the task fails; what it did before is in `outputs` then, and `stores` is empty. */
  readonly failsAt?: number
}

export type GoldenStep = GoldenInput | { readonly op: 'advanceWallClock'; readonly ms: number }

export interface GoldenInput extends GoldenBytes {
  readonly op: 'pipe'
  readonly topic: string
}

export interface GoldenOutput extends GoldenBytes {
  /** Index of the step during which it was produced. */
  readonly step: number
}

interface GoldenBytes {
  readonly keyBase64: string | null
  readonly valueBase64: string | null
  readonly timestamp: number
  readonly headers: readonly { readonly key: string; readonly valueBase64: string | null }[]
}

/** What a store held at the end, decoded. */
export interface GoldenStore {
  readonly kind: string
  readonly persistent: boolean
  readonly entries: readonly GoldenEntry[]
}

/** Of a key-value store a key and a value; windows have their `start`, versioned stores `latest` and `asOf`. */
export interface GoldenEntry {
  readonly key: unknown
  readonly value?: unknown
  readonly start?: number
  readonly latest?: unknown
  readonly asOf?: readonly { readonly asOf: number; readonly record: unknown }[]
}

/** A case of tests/data/oracle. */
export function goldenCase(name: string): GoldenCase {
  return loadData(`oracle/${name}.json.gz`)
}
