import { StreamRecord } from '../../../lib/core/record.ts'
import type { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import { openMemoryTaskDatabase } from '../../../stores/memory/index.ts'
import type { StateStore, StoreBuilder } from '../../../stores/store.ts'
import type { TaskDatabase } from '../../../stores/task-database.ts'
import type { Change } from '../../../topology/change.ts'
import type { CustomWindows } from '../../../topology/custom-windows.ts'
import type { Processor } from '../../../topology/processor.ts'
import type { Fold } from '../../../topology/processors/fold.ts'
import { windowKind } from '../../../topology/window-kinds.ts'
import type { EmitStrategy, SessionWindows, SlidingWindows, TimeWindows } from '../../../topology/windows.ts'
import { TestContext } from './test-context.ts'

export interface WindowTaskOptions<VR> {
  readonly windows: TimeWindows | SlidingWindows | SessionWindows | CustomWindows
  readonly fold: Fold<string, string, VR>
  readonly value: Serde<VR>
  readonly emit?: EmitStrategy
  readonly retentionMs?: number
  /** 0: no cache. */
  readonly cacheBytes?: number
  readonly emitIntervalMs?: number
}

const NO_POSITIONS = new Map()

/** One windowed aggregation over a real store, with commits and aborts as a task has them. */
export class WindowTask<VR> {
  readonly #database: TaskDatabase
  readonly #options: WindowTaskOptions<VR>
  readonly #builder: StoreBuilder
  readonly #retentionMs: number
  #store!: StateStore
  #processor!: Processor
  #context!: TestContext
  #current: StreamRecord<string, string> | undefined
  #committed: { readonly forwardedCount: number; readonly times: ReadonlyMap<string, number> }
  #forwarded: StreamRecord<Windowed<string>, Change<VR>>[] = []
  #nowMs = 0

  private constructor(database: TaskDatabase, options: WindowTaskOptions<VR>) {
    this.#database = database
    this.#options = options
    const kind = windowKind('windowedBy', options.windows)
    this.#retentionMs = options.retentionMs ?? kind.retentionMs
    this.#builder = kind.store(
      'store',
      { key: serdes.string(), value: options.value, retentionMs: this.#retentionMs, caching: true },
      options.emit ?? 'on-window-update',
    )
    this.#committed = { forwardedCount: 0, times: new Map() }
  }

  static async start<VR>(options: WindowTaskOptions<VR>): Promise<WindowTask<VR>> {
    const database = await openMemoryTaskDatabase({ directory: '', memoryBytes: 0, readCacheBytes: 0 })
    const task = new WindowTask(database, options)
    await task.#begin()
    return task
  }

  /** What was forwarded and not taken back. */
  get forwarded(): readonly StreamRecord<Windowed<string>, Change<VR>>[] {
    return this.#forwarded
  }

  get drops(): readonly string[] {
    return this.#context.drops
  }

  /** The wall clock. */
  advance(ms: number): void {
    this.#nowMs += ms
    this.#context.nowMs = this.#nowMs
  }

  async process(key: string | null, value: string | null, timestamp: number): Promise<void> {
    const record = new StreamRecord(key, value, timestamp)
    this.#current = record as StreamRecord<string, string>
    await this.#processor.process(record)
  }

  async commit(): Promise<void> {
    await this.#store.flush()
    this.#database.seal()
    await this.#database.write(NO_POSITIONS)
    this.#committed = { forwardedCount: this.#forwarded.length, times: new Map(this.#context.times) }
  }

  /** Everything since the last commit has not been. */
  async abort(): Promise<void> {
    this.#store.discard?.()
    this.#database.rollback()
    this.#forwarded = this.#forwarded.slice(0, this.#committed.forwardedCount)
    await this.#begin()
  }

  /** The last value of each key and window, as `key@start-end`; without those that were deleted. */
  table(): ReadonlyMap<string, VR> {
    const table = new Map<string, VR>()
    for (const { key, value } of this.#forwarded) {
      if (value.newValue === null) table.delete(nameOf(key))
      else table.set(nameOf(key), value.newValue)
    }
    return table
  }

  async #begin(): Promise<void> {
    const { fold, emit = 'on-window-update', cacheBytes = 0, emitIntervalMs = 0, windows } = this.#options
    this.#store = this.#builder.build({
      rows: this.#database.rows('store'),
      changelogTopic: 'changelog',
      log: () => {},
      currentRecord: () => this.#current,
      cacheBudget: { limitBytes: cacheBytes, usedBytes: 0 },
      expired: () => this.#context.drop('expired'),
    })
    await this.#store.open?.()
    this.#context = new TestContext(this.#store)
    this.#context.emitIntervalMs = emitIntervalMs
    this.#context.nowMs = this.#nowMs
    for (const [name, timeMs] of this.#committed.times) this.#context.times.set(name, timeMs)
    this.#context.downstream = (record) => void this.#forwarded.push(record)
    this.#processor = windowKind('windowedBy', windows).processor({
      storeName: 'store',
      fold,
      emit,
      retentionMs: this.#retentionMs,
      sendOldValues: false,
    })
    await this.#processor.init?.(this.#context)
  }
}

export function nameOf({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}-${window.endMs}`
}
