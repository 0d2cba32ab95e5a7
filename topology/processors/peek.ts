import type { StreamRecord } from '../../lib/core/record.ts'
import { type Action, isPromise } from '../callbacks.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Shows each record to the action, then forwards it, unchanged. */
export class PeekProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #action: Action<K, V>
  #context!: ProcessorContext<K, V>

  constructor(action: Action<K, V>) {
    this.#action = action
  }

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const done = this.#action(record.value, record.key, record)
    if (isPromise(done)) return done.then(() => this.#context.forward(record))
    return this.#context.forward(record)
  }
}
