// Random records for the topics of a case: keys that meet, late and equal timestamps, far jumps, nulls.
import type { GoldenStep } from '../../../tests/golden/golden-case.ts'
import type { Chance } from '../../../tests/support/fuzz.ts'
import type { ValueType } from './random-specs.ts'

export interface InputTopic {
  readonly name: string
  readonly value: ValueType
}

const KEYS = ['a', 'b', 'c', 'ab', 'ba', 'k1', 'k2', 'x', '', '日本', '😀', 'aa']
const WORDS = ['red', 'blue', 'sea', 'sky', 'a', 'b', 'k1', 'k2', '日本', '😀', 'naïve', 'x']
const STARTS_MS = [0, 0, 1, 7, 1_000, 59_990, 1_700_000_000_000]
const LONG_HEADER_BYTES = 300
const MAX_STEPS = 90

/** @param scaleMs - About how long the windows of the case are. */
export function randomSteps(chance: Chance, topics: readonly InputTopic[], scaleMs: number): GoldenStep[] {
  const count = 15 + chance.below(MAX_STEPS - 15)
  const keys = Array.from({ length: 1 + chance.below(5) }, () => chance.pick(KEYS))
  const times = new Times(chance, scaleMs)
  const oneIn = {
    nullKey: chance.pick([4, 12, 1_000]),
    nullValue: chance.pick([3, 8, 1_000]),
    header: chance.pick([2, 6, 1_000]),
    wallClock: chance.pick([8, 20, 1_000]),
  }
  return Array.from({ length: count }, (): GoldenStep => {
    if (chance.oneIn(oneIn.wallClock)) return { op: 'advanceWallClock', ms: 1 + chance.below(2 * scaleMs) }
    const { name, value } = chance.pick(topics)
    return {
      op: 'pipe',
      topic: name,
      timestamp: times.next(),
      headers: headers(chance, oneIn.header),
      keyBase64: chance.oneIn(oneIn.nullKey) ? null : base64(chance.pick(keys)),
      valueBase64: chance.oneIn(oneIn.nullValue) ? null : randomValue(chance, value),
    }
  })
}

/** Event time: mostly on, sometimes back, sometimes far on. */
class Times {
  readonly #chance: Chance
  readonly #stepMs: number
  readonly #lateMs: number
  readonly #oneIn: { readonly late: number; readonly same: number; readonly jump: number }
  readonly #jumpMs: number
  #nowMs: number

  constructor(chance: Chance, scaleMs: number) {
    this.#chance = chance
    this.#nowMs = chance.pick(STARTS_MS)
    this.#stepMs = Math.max(1, Math.floor(scaleMs * chance.pick([0.1, 0.3, 1])))
    this.#lateMs = Math.max(1, Math.floor(scaleMs * chance.pick([0.5, 2, 6])))
    this.#jumpMs = chance.pick([3 * scaleMs, 10 * scaleMs, 70_000, 500_000])
    this.#oneIn = {
      late: chance.pick([3, 5, 20, 1_000]),
      same: chance.pick([2, 4, 15]),
      jump: chance.pick([10, 30, 1_000]),
    }
  }

  next(): number {
    const chance = this.#chance
    if (chance.oneIn(this.#oneIn.late)) return Math.max(0, this.#nowMs - chance.below(this.#lateMs))
    if (chance.oneIn(this.#oneIn.same)) return this.#nowMs
    const step = chance.oneIn(this.#oneIn.jump) ? chance.below(this.#jumpMs) : chance.below(this.#stepMs)
    this.#nowMs += 1 + step
    return this.#nowMs
  }
}

function randomValue(chance: Chance, type: ValueType): string {
  if (type === 'string') {
    return base64(Array.from({ length: chance.below(4) }, () => chance.pick(WORDS)).join(' '))
  }
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(chance.below(24) - 6))
  return bytes.toString('base64')
}

function headers(chance: Chance, oneIn: number): { readonly key: string; readonly valueBase64: string | null }[] {
  if (!chance.oneIn(oneIn)) return []
  return Array.from({ length: 1 + chance.below(3) }, () => ({
    key: `h${chance.below(2)}`,
    valueBase64: chance.pick([null, base64(''), base64('x'), base64('y'.repeat(chance.below(LONG_HEADER_BYTES)))]),
  }))
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
