// Byte formats of Java Kafka Streams 4.3.1 as its own classes wrote them, by group: public serdes, keys and values of internal topics, changelogs and stores.
import type { Header } from '../../lib/core/record.ts'
import { loadData } from './load.ts'

export interface JavaBytes<I = any> {
  readonly group: string
  /** Decoded: numbers wider than JavaScript's are text, bytes are hex. */
  readonly input: I
  readonly hex: string
}

/** Headers as inputs have them. */
export type JavaHeaders = readonly { readonly key: string; readonly valueHex: string | null }[]

export const javaBytes = loadData<readonly JavaBytes[]>('serdes.json.gz')

/** The vectors of one group: at least one. */
export function javaBytesOf<V extends JavaBytes = JavaBytes>(group: string): readonly V[] {
  const found = javaBytes.filter((vector): vector is V => vector.group === group)
  if (found.length === 0) throw new Error(`no vectors of '${group}'`)
  return found
}

export function headersOf(headers: JavaHeaders): readonly Header[] {
  return headers.map(({ key, valueHex }) => [key, valueHex === null ? null : Buffer.from(valueHex, 'hex')] as const)
}
