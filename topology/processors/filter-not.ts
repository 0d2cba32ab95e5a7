import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type Predicate } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Drops each record that the predicate accepts, and forwards the rest, unchanged. Stateless; keys stay. */
export class FilterNotProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #node: string
  readonly #rejects: Predicate<K, V>
  #context!: ProcessorContext<K, V>

  constructor(node: string, rejects: Predicate<K, V>) {
    this.#node = node
    this.#rejects = rejects
  }

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const rejected = this.#rejects(record.value, record.key, record)
    if (isPromise(rejected)) return rejected.then((later) => this.#decide(record, later))
    return this.#decide(record, rejected)
  }

  #decide(record: StreamRecord<K, V>, rejected: boolean): void | Promise<void> {
    // Here a forgotten return would let everything through.
    if (rejected === undefined) throw new CallbackResultError(this.#node, 'undefined', 'a boolean')
    if (!rejected) return this.#context.forward(record)
  }
}
