import type { StreamRecord } from '../../lib/core/record.ts'
import { type FlatValueMapper, isPromise } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { Processor, ProcessorContext } from '../processor.ts'
import { forwardEach } from './forward-each.ts'

/** Forwards one record for each value that the mapper made, in their order. Stateless; keys stay, so no repartition follows. */
export class FlatMapValuesProcessor<K, V, VR> implements Processor<K, V, K, VR> {
  readonly #node: string
  readonly #mapper: FlatValueMapper<K, V, VR>
  #context!: ProcessorContext<K, VR>
  // Made once, not for each record.
  readonly #forward = (record: StreamRecord<K, V>, value: VR): void | Promise<void> => {
    if (value === undefined) throw new CallbackResultError(this.#node, 'an undefined item', 'values')
    return this.#context.forward(record.withValue(value))
  }

  constructor(node: string, mapper: FlatValueMapper<K, V, VR>) {
    this.#node = node
    this.#mapper = mapper
  }

  init(context: ProcessorContext<K, VR>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const values = this.#mapper(record.value, record.key, record)
    if (isPromise(values)) return values.then((later) => forwardEach(later, record, this.#node, this.#forward))
    return forwardEach(values, record, this.#node, this.#forward)
  }
}
