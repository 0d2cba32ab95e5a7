import { type Bounds, textOf } from './bounds.ts'
import { mergeSorted, type SortedMap } from './sorted-map.ts'

/** A key and its value. */
export type Row = readonly [Buffer, Buffer]

/** Writes over the rows below: a null hides a row. */
export type Writes = SortedMap<Buffer | null>

/** A write within a range; in the order of the range. */
export type Write = readonly [string, Buffer | null]

/** The writes within bounds, those of `upper` over those of `lower`. */
export function writesIn(bounds: Bounds, reverse: boolean, upper: Writes, lower: Writes | undefined): readonly Write[] {
  const above = upper.keysIn(bounds)
  const keys = lower === undefined || lower.size === 0 ? above : mergeSorted(above, lower.keysIn(bounds))
  if (reverse) keys.reverse()
  return keys.map((key) => [key, resolve(key, upper, lower)])
}

function resolve(key: string, upper: Writes, lower: Writes | undefined): Buffer | null {
  const value = upper.get(key)
  return value === undefined ? lower!.get(key)! : value
}

/**
 * Rows with writes over them, in order.
 *
 * @param takeWrites - Called when the iteration starts, in the same turn in which `rows` is started, so that both show one moment.
 * @param rows - Batches in the order of the range.
 */
export async function* mergeRows(
  takeWrites: () => readonly Write[],
  rows: AsyncIterable<readonly Row[]>,
  reverse: boolean,
): AsyncGenerator<Row, void, undefined> {
  const writes = takeWrites()
  let next = 0
  for await (const batch of rows) {
    for (const row of batch) {
      if (next < writes.length) {
        const key = textOf(row[0])
        for (; next < writes.length && comesBefore(writes[next]![0], key, reverse); next++) {
          const written = toRow(writes[next]!)
          if (written !== undefined) yield written
        }
        if (writes[next]?.[0] === key) {
          const written = toRow(writes[next++]!)
          if (written !== undefined) yield written
          continue
        }
      }
      yield row
    }
  }
  for (; next < writes.length; next++) {
    const written = toRow(writes[next]!)
    if (written !== undefined) yield written
  }
}

function comesBefore(a: string, b: string, reverse: boolean): boolean {
  return reverse ? a > b : a < b
}

function toRow([key, value]: Write): Row | undefined {
  return value === null ? undefined : [Buffer.from(key, 'latin1'), value]
}
