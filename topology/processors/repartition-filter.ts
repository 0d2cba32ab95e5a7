import type { StreamRecord } from '../../lib/core/record.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'

/**
 * Stands before a repartition topic and drops null keys: the verb behind the topic would drop them in any case, at a higher price. Lets all
 * pass if there is a verb behind that takes them.
 */
export class RepartitionFilterProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #keepNullKeys: boolean
  #context!: InternalProcessorContext<K, V>

  constructor({ keepNullKeys = false }: { readonly keepNullKeys?: boolean } = {}) {
    this.#keepNullKeys = keepNullKeys
  }

  init(context: InternalProcessorContext<K, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.key === null && !this.#keepNullKeys) return this.#context.drop('null-key')
    return this.#context.forward(record)
  }
}
