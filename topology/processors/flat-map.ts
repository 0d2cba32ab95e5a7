import type { StreamRecord } from '../../lib/core/record.ts'
import { type FlatMapper, isPromise } from '../callbacks.ts'
import type { Processor, ProcessorContext } from '../processor.ts'
import { forwardEach } from './forward-each.ts'
import { withPair } from './pair.ts'

/** Forwards one record for each pair of key and value that the mapper made, in their order. Stateless. */
export class FlatMapProcessor<K, V, KR, VR> implements Processor<K, V, KR, VR> {
  readonly #node: string
  readonly #mapper: FlatMapper<K, V, KR, VR>
  #context!: ProcessorContext<KR, VR>
  // Made once, not for each record.
  readonly #forward = (record: StreamRecord<K, V>, pair: readonly [KR, VR]): void | Promise<void> =>
    this.#context.forward(withPair(record, pair, this.#node))

  constructor(node: string, mapper: FlatMapper<K, V, KR, VR>) {
    this.#node = node
    this.#mapper = mapper
  }

  init(context: ProcessorContext<KR, VR>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const pairs = this.#mapper(record.value, record.key, record)
    if (isPromise(pairs)) return pairs.then((later) => forwardEach(later, record, this.#node, this.#forward))
    return forwardEach(pairs, record, this.#node, this.#forward)
  }
}
