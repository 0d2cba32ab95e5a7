// Keys of rows as text: one character a byte (latin1), so that comparing strings compares bytes, and Maps take them as they are.
import type { RowRange } from './store.ts'

/** Keys from `from` up to, and without, `before`; undefined: to the end. */
export interface Bounds {
  readonly from: string
  readonly before: string | undefined
}

export function textOf(key: Buffer): string {
  return key.toString('latin1')
}

export function boundsOf({ from, to, prefix }: RowRange): Bounds {
  const start = from === undefined ? '' : textOf(from)
  // The least text above `to` is `to` with a zero byte behind it.
  const end = to === undefined ? undefined : `${textOf(to)}\0`
  if (prefix === undefined) return { from: start, before: end }
  const first = textOf(prefix)
  return { from: start > first ? start : first, before: lower(end, successor(first)) }
}

/** The least text above every text that starts with this one; undefined if there is none. */
function successor(prefix: string): string | undefined {
  let length = prefix.length
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--
  if (length === 0) return undefined
  return prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1)
}

function lower(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}
