import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type KeyValueMapper } from '../callbacks.ts'
import type { Processor, ProcessorContext } from '../processor.ts'
import { withPair } from './pair.ts'

/** Forwards each record with the key and the value that the mapper made of it. Stateless. */
export class MapProcessor<K, V, KR, VR> implements Processor<K, V, KR, VR> {
  readonly #node: string
  readonly #mapper: KeyValueMapper<K, V, KR, VR>
  #context!: ProcessorContext<KR, VR>

  constructor(node: string, mapper: KeyValueMapper<K, V, KR, VR>) {
    this.#node = node
    this.#mapper = mapper
  }

  init(context: ProcessorContext<KR, VR>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const pair = this.#mapper(record.value, record.key, record)
    if (isPromise(pair)) return pair.then((later) => this.#forward(record, later))
    return this.#forward(record, pair)
  }

  #forward(record: StreamRecord<K, V>, pair: readonly [KR, VR]): void | Promise<void> {
    return this.#context.forward(withPair(record, pair, this.#node))
  }
}
