import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type KeySelector } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Forwards each record under the key that the selector made of it. Also the first half of `groupBy`. */
export class SelectKeyProcessor<K, V, KR> implements Processor<K, V, KR, V> {
  readonly #node: string
  readonly #selector: KeySelector<K, V, KR>
  #context!: ProcessorContext<KR, V>

  constructor(node: string, selector: KeySelector<K, V, KR>) {
    this.#node = node
    this.#selector = selector
  }

  init(context: ProcessorContext<KR, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const key = this.#selector(record.value, record.key, record)
    if (isPromise(key)) return key.then((later) => this.#forward(record, later))
    return this.#forward(record, key)
  }

  #forward(record: StreamRecord<K, V>, key: KR): void | Promise<void> {
    if (key === undefined) throw new CallbackResultError(this.#node, 'undefined', 'a key')
    return this.#context.forward(record.withKey(key))
  }
}
