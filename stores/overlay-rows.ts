import { type Bounds, boundsOf, textOf } from './bounds.ts'
import type { CommittedRows } from './committed-state.ts'
import { StoreNotOpenError } from './errors.ts'
import { mergeRows, type Row, type Writes, writesIn } from './merge-rows.ts'
import { SortedMap } from './sorted-map.ts'
import type { RowRange, Rows } from './store.ts'

// What an entry costs besides its bytes: Map slot, string and Buffer objects.
const ENTRY_BYTES = 160

const NO_WRITES: Writes = new SortedMap()

/** Of both generations of all stores of a task: looked at for each record that is restored. */
export interface UncommittedBytes {
  bytes: number
}

/**
 * The rows of one store: the active generation of writes, over the one being committed, over the committed rows.
 *
 * Bytes are counted as they are written, not as they are held: a value that was overwritten may go on living in the slab
 * that it shared with others.
 */
export class OverlayRows implements Rows {
  readonly #storeName: string
  #committed: CommittedRows
  #active: Writes = new SortedMap()
  #committing: Writes | undefined
  #writing = false
  #closed = false
  // A get followed by a put of the same Buffer makes its text, and the text's hash, once.
  #lastKey: Buffer | undefined
  #lastText = ''
  #expired: Bounds[] = []
  #sealedExpired: Bounds[] = []
  readonly #uncommitted: UncommittedBytes
  activeBytes = 0
  committingBytes = 0

  /** @param uncommitted - What this store holds is added to it. */
  constructor(storeName: string, committed: CommittedRows, uncommitted: UncommittedBytes) {
    this.#storeName = storeName
    this.#committed = committed
    this.#uncommitted = uncommitted
  }

  get(key: Buffer): Buffer | undefined {
    const text = this.#textOf(key)
    let value = this.#active.get(text)
    if (value !== undefined) return value ?? undefined
    value = this.#committing?.get(text)
    if (value !== undefined) return value ?? undefined
    return this.#committed.get(text, key)
  }

  put(key: Buffer, value: Buffer | null): void {
    if (this.#closed) throw this.#notOpen()
    const keysBefore = this.#active.size
    this.#active.set(this.#textOf(key), value)
    if (value !== null) this.#hold(value.length)
    if (this.#active.size !== keysBefore) this.#hold(key.length + ENTRY_BYTES)
  }

  load(key: Buffer, value: Buffer | null): void {
    if (this.#closed) throw this.#notOpen()
    if (this.#committed.load === undefined) {
      this.put(key, value === null ? null : Buffer.from(value))
      // The same Buffer may be another key next time.
      this.#lastKey = undefined
      return
    }
    this.#committed.load(key, value)
    this.#hold(key.length + (value?.length ?? 0))
  }

  range(range: RowRange): AsyncIterable<Row> {
    return this.#range(range, () => [this.#active, this.#committing])
  }

  expire(from: Buffer, before: Buffer): void {
    this.#expired.push({ from: textOf(from), before: textOf(before) })
  }

  /** What has expired by the seal; to be asked for once. */
  takeExpired(): readonly Bounds[] {
    const expired = this.#sealedExpired
    this.#sealedExpired = []
    return expired
  }

  /** Committed rows only; a generation counts as committed once it is being written. */
  readonly committed: Pick<Rows, 'get' | 'range'> = {
    get: (key) => {
      const text = textOf(key)
      const value = this.#writing ? this.#committing?.get(text) : undefined
      if (value !== undefined) return value ?? undefined
      return this.#committed.get(text, key)
    },
    range: (range) =>
      this.#range(range, () => [(this.#writing ? this.#committing : undefined) ?? NO_WRITES, undefined]),
  }

  #range(range: RowRange, generations: () => [Writes, Writes | undefined]): AsyncIterable<Row> {
    const bounds = boundsOf(range)
    const reverse = range.reverse ?? false
    const takeWrites = () => {
      const [upper, lower] = generations()
      return writesIn(bounds, reverse, upper, lower)
    }
    return mergeRows(takeWrites, this.#committed.batches(bounds, reverse), reverse)
  }

  seal(): void {
    this.#sealedExpired.push(...this.#expired)
    this.#expired = []
    // What was loaded counts, too, though it lies elsewhere.
    if (this.activeBytes === 0) return
    this.#committing = this.#active
    this.committingBytes = this.activeBytes
    this.#uncommitted.bytes += this.committingBytes
    this.#renew()
  }

  /** The sealed writes, which from now on count as committed; undefined if there are none. */
  startWrite(): Writes | undefined {
    this.#writing = true
    return this.#committing
  }

  /** The sealed writes are among the committed rows now, or, if not, remain to be written. */
  endWrite(written: boolean): void {
    this.#writing = false
    if (written) this.#dropCommitting()
  }

  /** Drops what is not committed. */
  rollback(): void {
    this.#expired = []
    if (!this.#writing) this.#sealedExpired = []
    this.#renew()
    if (!this.#writing) this.#dropCommitting()
  }

  close(): void {
    this.rollback()
    this.#closed = true
    this.#committed = {
      get: () => {
        throw this.#notOpen()
      },
      batches: () => {
        throw this.#notOpen()
      },
    }
  }

  #hold(bytes: number): void {
    this.activeBytes += bytes
    this.#uncommitted.bytes += bytes
  }

  #renew(): void {
    this.#active = new SortedMap()
    this.#uncommitted.bytes -= this.activeBytes
    this.activeBytes = 0
  }

  #dropCommitting(): void {
    this.#committing = undefined
    this.#uncommitted.bytes -= this.committingBytes
    this.committingBytes = 0
  }

  #textOf(key: Buffer): string {
    if (key !== this.#lastKey) {
      this.#lastText = textOf(key)
      this.#lastKey = key
    }
    return this.#lastText
  }

  #notOpen(): StoreNotOpenError {
    return new StoreNotOpenError(`Store '${this.#storeName}'`)
  }
}
