import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type Predicate } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Forwards each record that the predicate accepts, unchanged, and drops the rest. Stateless; keys stay. */
export class FilterProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #node: string
  readonly #accepts: Predicate<K, V>
  #context!: ProcessorContext<K, V>

  constructor(node: string, accepts: Predicate<K, V>) {
    this.#node = node
    this.#accepts = accepts
  }

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
  }

  // Not async: a promise per record would cost more than the work done here.
  process(record: StreamRecord<K, V>): void | Promise<void> {
    const accepted = this.#accepts(record.value, record.key, record)
    if (isPromise(accepted)) return accepted.then((later) => this.#decide(record, later))
    return this.#decide(record, accepted)
  }

  #decide(record: StreamRecord<K, V>, accepted: boolean): void | Promise<void> {
    if (accepted) return this.#context.forward(record)
    if (accepted === undefined) throw new CallbackResultError(this.#node, 'undefined', 'a boolean')
  }
}
