import { type Headers, NO_HEADERS } from '../../../../lib/core/record.ts'
import type { Chance } from '../../../support/fuzz.ts'

export interface RecordToWrite {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: Headers
}

const NAMES = ['', 'trace', 'trace', 'h', 'grüß', '日本語', '🚀🚀', 'x'.repeat(200), '\u0000', '\u{10ffff}']
const TIMESTAMPS = [
  0,
  0,
  -1,
  1,
  1_700_000_000_000,
  1_700_000_000_000,
  2 ** 41,
  2 ** 41 + 1,
  2 ** 48,
  Number.MAX_SAFE_INTEGER,
  253_402_300_799_999,
]
const LENGTHS = [0, 1, 2, 62, 63, 64, 65, 127, 128, 129, 8_191, 8_192, 8_193]

/** Records with everything at its edges: sizes, nulls, headers, timestamps in any order. */
export function randomRecords(chance: Chance, count: number): RecordToWrite[] {
  return Array.from({ length: count }, () => ({
    key: randomBytes(chance),
    value: randomBytes(chance),
    timestamp: chance.oneIn(2) ? chance.pick(TIMESTAMPS) : 1_700_000_000_000 + chance.below(2_000_000) - 1_000_000,
    headers: chance.oneIn(2)
      ? NO_HEADERS
      : Array.from(
          { length: chance.below(chance.oneIn(10) ? 200 : 4) },
          () => [chance.pick(NAMES), randomBytes(chance)] as const,
        ),
  }))
}

function randomBytes(chance: Chance): Buffer | null {
  if (chance.oneIn(5)) return null
  return chance.bytes(chance.oneIn(20) ? chance.pick(LENGTHS) : chance.below(20))
}
