import type { StreamRecord } from '../../lib/core/record.ts'
import type { Action } from '../callbacks.ts'
import type { Processor } from '../processor.ts'

/** Writes each record as a line of text, and ends the stream. */
export class PrintProcessor<K, V> implements Processor<K, V, never, never> {
  readonly #label: string
  readonly #write: (line: string) => unknown
  readonly #format: Action<K, V>

  constructor(label: string, write: (line: string) => unknown, format: Action<K, V>) {
    this.#label = label
    this.#write = write
    this.#format = format
  }

  process(record: StreamRecord<K, V>): void {
    this.#write(`[${this.#label}]: ${this.#format(record.value, record.key, record)}`)
  }
}
