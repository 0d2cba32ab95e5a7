import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Reads a JSON file of this folder; one whose name ends in .gz is unpacked. */
export function loadData<T>(name: string): T {
  const bytes = readFileSync(new URL(name, import.meta.url))
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as T
}
