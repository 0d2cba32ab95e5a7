// One form for what was recorded and what was produced, short enough that a failing test's diff can be read.

import type { Headers } from '../../lib/core/record.ts'
import { Windowed } from '../../lib/core/windowed.ts'
import type { GoldenEntry, GoldenOutput } from './golden-case.ts'

/** A record of an output topic; bytes as base64. */
export interface ComparableRecord {
  readonly step: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

export function recorded({ step, keyBase64, valueBase64, timestamp, headers }: GoldenOutput): ComparableRecord {
  return {
    step,
    key: keyBase64,
    value: valueBase64,
    timestamp,
    headers: headers.map(({ key, valueBase64 }) => [key, valueBase64]),
  }
}

export function produced(
  step: number,
  record: { key: Buffer | null; value: Buffer | null; timestamp: number; headers: Headers },
): ComparableRecord {
  return {
    step,
    key: base64(record.key),
    value: base64(record.value),
    timestamp: record.timestamp,
    headers: record.headers.map(([name, value]) => [name, base64(value)]),
  }
}

/** The entries of a store in an order that does not depend on how they were read. */
export function comparableStores(entries: readonly GoldenEntry[]): readonly GoldenEntry[] {
  const text = ({ key, start }: GoldenEntry) => JSON.stringify([key, start])
  return [...entries].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

/** A key or value as cases write it: longs beyond what a number holds are objects. */
export function plain(data: unknown): unknown {
  if (typeof data === 'bigint') {
    return BigInt(Number(data)) === data && Number.isSafeInteger(Number(data)) ? Number(data) : { long: `${data}` }
  }
  if (typeof data !== 'object' || data === null) return data
  if (data instanceof Windowed) return { key: plain(data.key), start: data.window.startMs, end: data.window.endMs }
  return Object.fromEntries(Object.entries(data).map(([name, field]) => [name, plain(field)]))
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64')
}
