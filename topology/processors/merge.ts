import type { StreamRecord } from '../../lib/core/record.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Forwards what comes from any of its parents, unchanged, in the order in which it comes. */
export class MergeProcessor<K, V> implements Processor<K, V, K, V> {
  #context!: ProcessorContext<K, V>

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    return this.#context.forward(record)
  }
}
