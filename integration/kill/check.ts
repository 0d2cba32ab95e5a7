// What the application must have left behind, whatever was done to it.
import { join } from 'node:path'
import { readRecords } from '../../bench/topics.ts'
import type { Client } from '../../lib/client/client.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { openLevelTaskDatabase } from '../../stores/level/index.ts'
import { plainValue } from '../../stores/value-and-timestamp.ts'
import { numberOf, PARTITIONS } from './load.ts'

const SHOWN_PROBLEMS = 5
const MEMORY = { memoryBytes: 16 << 20, readCacheBytes: 0 }

/** Differences found, of which the first few are told. */
class Problems {
  readonly #what: string
  readonly #shown: string[] = []
  #count = 0

  constructor(what: string) {
    this.#what = what
  }

  add(problem: string): void {
    this.#count++
    if (this.#shown.length < SHOWN_PROBLEMS) this.#shown.push(problem)
  }

  compare(found: Uint32Array, truth: Uint32Array): void {
    for (let number = 0; number < truth.length; number++)
      if (found[number] !== truth[number]) this.add(`key ${number} has ${found[number]} instead of ${truth[number]}`)
  }

  get all(): readonly string[] {
    return this.#count === 0 ? [] : [`${this.#what}: ${this.#count} differences: ${this.#shown.join('; ')}, …`]
  }
}

/**
 * Compares an output, as readers of committed transactions see it, with the truth.
 *
 * @param eachCount - Each count of each key must be there once, in order; else some may be left out, and none may come again.
 */
export async function outputProblems(
  client: Client,
  topic: string,
  truth: Uint32Array,
  eachCount: boolean,
): Promise<readonly string[]> {
  const problems = new Problems('output')
  const last = new Uint32Array(truth.length)
  await readRecords(client, topic, ({ key, value }) => {
    const number = numberOf(key!)
    const count = Number(value!.readBigInt64BE())
    const before = last[number]!
    if (eachCount ? count !== before + 1 : count <= before) problems.add(`key ${number}: ${count} after ${before}`)
    last[number] = count
  })
  problems.compare(last, truth)
  return problems.all
}

export async function changelogProblems(client: Client, topic: string, truth: Uint32Array): Promise<readonly string[]> {
  const problems = new Problems('changelog')
  const last = new Uint32Array(truth.length)
  await readRecords(client, topic, ({ key, value }) => {
    last[numberOf(key!)] = value === null ? 0 : Number(value.readBigInt64BE())
  })
  problems.compare(last, truth)
  return problems.all
}

/** Compares what Millrace has on disk with the truth; nobody else may have the directory open. */
export async function storeProblems(applicationDir: string, truth: Uint32Array): Promise<readonly string[]> {
  const problems = new Problems('store')
  const found = new Uint32Array(truth.length)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const directory = join(applicationDir, `0_${partition}`)
    const database = await openLevelTaskDatabase({ directory, clock: systemClock, ...MEMORY })
    try {
      for await (const [key, row] of database.committed('counts').range({})) {
        const number = numberOf(key)
        if (found[number] !== 0) problems.add(`key ${number} stands in two tasks`)
        found[number] = Number(plainValue(row).readBigInt64BE())
      }
    } finally {
      await database.close()
    }
  }
  problems.compare(found, truth)
  return problems.all
}
