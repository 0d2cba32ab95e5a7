import type { StreamRecord } from '../../lib/core/record.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'

/** Stands before a repartition topic and drops null keys: the verb behind the topic would drop them in any case, at a higher price. */
export class RepartitionFilterProcessor<K, V> implements Processor<K, V, K, V> {
  #context!: InternalProcessorContext<K, V>

  init(context: InternalProcessorContext<K, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.key === null) return this.#context.drop('null-key')
    return this.#context.forward(record)
  }
}
