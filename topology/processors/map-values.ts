import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type ValueMapper } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Forwards each record with the value that the mapper made of it. Stateless; keys stay, so no repartition follows. */
export class MapValuesProcessor<K, V, VR> implements Processor<K, V, K, VR> {
  readonly #node: string
  readonly #mapper: ValueMapper<K, V, VR>
  #context!: ProcessorContext<K, VR>

  constructor(node: string, mapper: ValueMapper<K, V, VR>) {
    this.#node = node
    this.#mapper = mapper
  }

  init(context: ProcessorContext<K, VR>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const value = this.#mapper(record.value, record.key, record)
    if (isPromise(value)) return value.then((later) => this.#forward(record, later))
    return this.#forward(record, value)
  }

  #forward(record: StreamRecord<K, V>, value: VR): void | Promise<void> {
    if (value === undefined) throw new CallbackResultError(this.#node, 'undefined', 'a value')
    return this.#context.forward(record.withValue(value))
  }
}
