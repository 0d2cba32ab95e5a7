// Strategy: random programs of writes, commits, rollbacks, crashes and reads, against three plain Maps. After every step each
// store has to read, by key and by range, as the Maps do. Keys are few and short, so that they meet; caches are tiny in some
// runs, so that entries are dropped and read again.
import fc from 'fast-check'
import type { RowRange } from '../../../stores/store.ts'
import type { ChangelogPosition, TaskDatabase } from '../../../stores/task-database.ts'
import type { TaskDatabaseHarness } from './task-database-contract.ts'

type Step =
  | { readonly do: 'put'; readonly store: string; readonly key: string; readonly value: string | null }
  | {
      readonly do: 'range'
      readonly store: string
      readonly from?: string
      readonly to?: string
      readonly reverse: boolean
    }
  | { readonly do: 'seal' | 'write' | 'commit' | 'rollback' | 'crash' | 'reopen' }
  | { readonly do: 'wipe'; readonly store: string }

const STORES = ['s', 't', 'memory']
const MEMORY_STORES = ['memory']

const store = fc.constantFrom(...STORES)
const key = fc.array(fc.constantFrom('\0', 'a', 'b', '\xff'), { maxLength: 3 }).map((parts) => parts.join(''))
// The long one is more than a small cache takes.
const value = fc.option(fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 12 }), fc.constant('long'.repeat(60))), {
  freq: 4,
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('put'), store, key, value }) },
  {
    weight: 3,
    arbitrary: fc.record(
      { do: fc.constant('range'), store, from: key, to: key, reverse: fc.boolean() },
      { requiredKeys: ['do', 'store', 'reverse'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('seal', 'write', 'commit') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rollback', 'crash', 'reopen') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe'), store }) },
) as fc.Arbitrary<Step>

type Rows = ReadonlyMap<string, string>
type Writes = Map<string, string | null>

/** What a task database is meant to be: three layers a store, and a position. */
class Model {
  committed = new Map<string, Rows>(STORES.map((name) => [name, new Map()]))
  positions = new Map<string, number>()
  committing: Map<string, Writes> | undefined
  active = noWrites()

  rows(name: string): Rows {
    const rows = new Map<string, string | null>(this.committed.get(name))
    for (const layer of [this.committing, this.active]) for (const [k, v] of layer?.get(name) ?? []) rows.set(k, v)
    return living(rows)
  }

  seal(): void {
    this.committing = this.active
    this.active = noWrites()
  }

  write(offset: number): void {
    for (const [name, writes] of this.committing!) {
      this.committed.set(name, living(new Map<string, string | null>([...this.committed.get(name)!, ...writes])))
      this.positions.set(name, offset)
    }
    this.committing = undefined
  }

  rollback(): void {
    this.committing = undefined
    this.active = noWrites()
  }

  empty(name: string): void {
    this.committed.set(name, new Map())
    this.positions.delete(name)
    this.committing?.delete(name)
    this.active.set(name, new Map())
  }
}

function noWrites(): Map<string, Writes> {
  return new Map(STORES.map((name) => [name, new Map()]))
}

function living(rows: ReadonlyMap<string, string | null>): Rows {
  return new Map([...rows].filter((row): row is [string, string] => row[1] !== null))
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const text = (buffer: Buffer | undefined) => buffer?.toString('latin1')
const position = (offset: number): ChangelogPosition => ({ offset, topicId: 'topic', clusterId: 'cluster' })

async function list(rows: AsyncIterable<readonly [Buffer, Buffer]>): Promise<(string | undefined)[][]> {
  const found: (string | undefined)[][] = []
  for await (const [k, v] of rows) found.push([text(k), text(v)])
  return found
}

function sorted(rows: Rows, reverse = false): string[][] {
  const entries = [...rows].sort(([x], [y]) => (x < y ? -1 : 1))
  return reverse ? entries.reverse() : entries
}

class Run {
  readonly #harness: TaskDatabaseHarness
  readonly #readCacheBytes: number
  readonly #model = new Model()
  #database!: TaskDatabase
  #offset = 0

  constructor(harness: TaskDatabaseHarness, readCacheBytes: number) {
    this.#harness = harness
    this.#readCacheBytes = readCacheBytes
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#open()
    for (const one of steps) {
      await this.#take(one)
      this.#checkPoints(one)
    }
    await this.#checkAll()
    await this.#database.close()
  }

  async #open(): Promise<void> {
    const options = { readCacheBytes: this.#readCacheBytes, memoryStores: MEMORY_STORES }
    this.#database = await this.#harness.open(options)
    for (const name of MEMORY_STORES) this.#model.empty(name)
  }

  async #take(one: Step): Promise<void> {
    const model = this.#model
    const database = this.#database
    switch (one.do) {
      case 'put':
        database.rows(one.store).put(bytes(one.key), one.value === null ? null : bytes(one.value))
        model.active.get(one.store)!.set(one.key, one.value)
        break
      case 'range':
        return this.#checkRange(one)
      case 'seal':
        if (model.committing === undefined) this.#seal()
        break
      case 'write':
        if (model.committing !== undefined) await this.#write()
        break
      case 'commit':
        if (model.committing === undefined) this.#seal()
        await this.#write()
        break
      case 'rollback':
        database.rollback()
        model.rollback()
        break
      case 'wipe':
        await database.wipe(one.store)
        model.empty(one.store)
        break
      case 'crash':
      case 'reopen':
        if (one.do === 'crash') await this.#harness.crash()
        else await database.close()
        model.rollback()
        await this.#open()
        await this.#checkAll()
    }
  }

  #seal(): void {
    this.#database.seal()
    this.#model.seal()
  }

  async #write(): Promise<void> {
    this.#offset++
    await this.#database.write(
      new Map([...this.#model.committing!.keys()].map((name) => [name, position(this.#offset)])),
    )
    this.#model.write(this.#offset)
  }

  #checkPoints(one: Step): void {
    if (one.do === 'put') {
      expect(text(this.#database.rows(one.store).get(bytes(one.key)))).toBe(one.value ?? undefined)
      return
    }
    for (const name of STORES) {
      for (const k of ['', 'a', 'b', 'ab', '\xff', 'a\0']) {
        expect(text(this.#database.rows(name).get(bytes(k)))).toBe(this.#model.rows(name).get(k))
        expect(text(this.#database.committed(name).get(bytes(k)))).toBe(this.#model.committed.get(name)!.get(k))
      }
      expect(this.#database.position(name)?.offset).toBe(this.#model.positions.get(name))
    }
  }

  async #checkRange({ store: name, from, to, reverse }: Extract<Step, { do: 'range' }>): Promise<void> {
    const range: RowRange = {
      reverse,
      ...(from === undefined ? {} : { from: bytes(from) }),
      ...(to === undefined ? {} : { to: bytes(to) }),
    }
    const within = new Map(
      [...this.#model.rows(name)].filter(([k]) => (from === undefined || k >= from) && (to === undefined || k <= to)),
    )
    expect(await list(this.#database.rows(name).range(range))).toEqual(sorted(within, reverse))
  }

  async #checkAll(): Promise<void> {
    for (const name of STORES) {
      expect(await list(this.#database.rows(name).range({}))).toEqual(sorted(this.#model.rows(name)))
      expect(await list(this.#database.committed(name).range({}))).toEqual(sorted(this.#model.committed.get(name)!))
    }
  }
}

export function modelProperties(makeHarness: () => TaskDatabaseHarness): void {
  it.each([0, 6_000, 1_000_000])('does as three Maps do, with %i bytes of clean cache', async (readCacheBytes) => {
    const program = fc.array(step, { maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const harness = makeHarness()
        try {
          await new Run(harness, readCacheBytes).run(steps)
        } finally {
          await harness.destroy()
        }
      }),
      { seed: 7_919, numRuns: 60 },
    )
  })
}
