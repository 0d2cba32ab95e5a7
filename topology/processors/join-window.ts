import type { StreamRecord } from '../../lib/core/record.ts'
import type { WindowStore } from '../../stores/store.ts'
import { isPromise } from '../callbacks.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Keeps the records of one side of a join, for those of the other to find. Each is joined first: it must not meet itself where both sides are one stream. */
export class JoinWindowProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #storeName: string
  #context!: ProcessorContext<K, V>
  #store!: WindowStore<K, V>

  constructor(storeName: string) {
    this.#storeName = storeName
  }

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
    this.#store = context.store(this.#storeName)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const joined = this.#context.forward(record)
    // No record will ever look for it.
    if (record.key === null) return joined
    if (isPromise(joined)) return joined.then(() => this.#keep(record))
    this.#keep(record)
  }

  // A null value matches nothing either, but is logged as in Java.
  #keep({ key, value, timestamp }: StreamRecord<K, V>): void {
    this.#store.put(key, value, timestamp)
  }
}
