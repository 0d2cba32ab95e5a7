import type { StreamRecord } from '../../lib/core/record.ts'
import { type Action, isPromise } from '../callbacks.ts'
import type { Processor } from '../processor.ts'

/** Shows each record to the action; nothing goes further. */
export class ForeachProcessor<K, V> implements Processor<K, V, never, never> {
  readonly #action: Action<K, V>

  constructor(action: Action<K, V>) {
    this.#action = action
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const done = this.#action(record.value, record.key, record)
    // What the promise resolves to is nobody's business.
    if (isPromise(done)) return done as Promise<void>
  }
}
