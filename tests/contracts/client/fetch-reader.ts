import type { Client, FetchedPartition, FetcherOptions } from '../../../lib/client/client.ts'
import { systemClock } from '../../../lib/core/clock.ts'
import type { ConsumedRecord } from '../../../lib/core/record.ts'

/** A fetcher with someone who waits for it. */
export class Reader {
  readonly fetcher
  #onReady = (): void => {}

  constructor(client: Client, options: Partial<FetcherOptions> = {}) {
    this.fetcher = client.fetcher({
      isolation: 'read_committed',
      purpose: 'fetch',
      onReady: () => this.#onReady(),
      ...options,
    })
  }

  add(topic: string, partition = 0, offset = 0): FetchedPartition {
    return this.fetcher.add({ topic, partition }, offset)
  }

  /** Takes records until a condition holds; fails after `limitMs`. */
  async takeUntil(
    partition: FetchedPartition,
    done: (taken: readonly ConsumedRecord[]) => boolean,
    limitMs = 10_000,
  ): Promise<ConsumedRecord[]> {
    const taken: ConsumedRecord[] = []
    const deadlineMs = systemClock.monotonicMs() + limitMs
    for (;;) {
      for (let record = partition.next(); record !== undefined; record = partition.next()) taken.push(record)
      if (done(taken)) return taken
      const leftMs = deadlineMs - systemClock.monotonicMs()
      if (leftMs <= 0) {
        const { topic, position, lastStableOffset } = partition
        const where = `at ${position} of ${lastStableOffset}`
        throw new Error(`${topic}-${partition.partition}: ${taken.length} records after ${limitMs} ms, ${where}`)
      }
      await this.ready(Math.min(leftMs, 50))
    }
  }

  /** Takes everything up to an offset. */
  to(partition: FetchedPartition, offset: number, limitMs?: number): Promise<ConsumedRecord[]> {
    return this.takeUntil(partition, () => partition.position >= offset, limitMs)
  }

  /** Resolves at the next call of `onReady`, or after `limitMs`. */
  ready(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = systemClock.setTimer(limitMs, resolve)
      this.#onReady = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}

/** Values as text. */
export function values(records: readonly ConsumedRecord[]): (string | null)[] {
  return records.map(({ value }) => value?.toString() ?? null)
}
