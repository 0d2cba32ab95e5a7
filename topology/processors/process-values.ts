import type { StreamRecord } from '../../lib/core/record.ts'
import type { Processor, ProcessorContext } from '../processor.ts'
import { FixedKeyContext } from './fixed-key-context.ts'
import { type CreateProcessor, UserProcessor } from './user-processor.ts'

/** Runs a user's processor that leaves keys as they are. */
export class ProcessValuesProcessor<K, V, VOut> implements Processor<K, V, K, VOut> {
  readonly #node: string
  readonly #processor: UserProcessor<K, V, K, VOut>
  #context!: FixedKeyContext<K, VOut>

  constructor(node: string, create: CreateProcessor<K, V, K, VOut>) {
    this.#node = node
    this.#processor = new UserProcessor(create)
  }

  init(context: ProcessorContext<K, VOut>): void | Promise<void> {
    this.#context = new FixedKeyContext(this.#node, context)
    return this.#processor.init(this.#context)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    this.#context.enter(record)
    return this.#processor.process(record)
  }

  close(): void | Promise<void> {
    return this.#processor.close()
  }
}
