import { NO_HEADERS } from '../lib/core/record.ts'
import { headersToLog } from './log-headers.ts'
import type { RecordContext, RowRange, Rows, StoreContext } from './store.ts'
import type { LogHeaders } from './store-options.ts'

/** What a typed store writes through: straight to rows and changelog, or first into a cache. */
export interface RowWriter extends Pick<Rows, 'get' | 'range'> {
  /**
   * @param row - As it is stored; null deletes.
   * @param logged - As it goes to the changelog, where that differs; null with `row`.
   * @param timestamp - Event time of the write, in epoch milliseconds.
   */
  put(key: Buffer, row: Buffer | null, logged: Buffer | null, timestamp: number): void
  flush(): void
  discard(): void
}

/** The current record where there is none: a store that is written from `init`. */
export const NO_RECORD: RecordContext = { timestamp: -1, headers: NO_HEADERS, topic: '', partition: -1, offset: -1 }

/** Rows whose every write is logged as it happens. */
export class LoggedRows implements RowWriter {
  readonly #context: StoreContext
  readonly #logHeaders: LogHeaders

  constructor(context: StoreContext, logHeaders: LogHeaders) {
    this.#context = context
    this.#logHeaders = logHeaders
  }

  get(key: Buffer): Buffer | undefined {
    return this.#context.rows.get(key)
  }

  range(range: RowRange): AsyncIterable<readonly [Buffer, Buffer]> {
    return this.#context.rows.range(range)
  }

  /** @param record - The one that the write is due to: that in process, unless a cache has held the write back. */
  put(
    key: Buffer,
    row: Buffer | null,
    logged: Buffer | null,
    timestamp: number,
    record: RecordContext | undefined = this.#context.currentRecord(),
  ): void {
    this.#context.rows.put(key, row)
    this.#context.log(key, logged, timestamp, headersToLog(this.#logHeaders, logged === null, record))
  }

  flush(): void {}

  discard(): void {}
}
