import type { StreamRecord } from '../../lib/core/record.ts'
import { typeName } from '../../lib/serde/errors.ts'
import { type Awaitable, isPromise } from '../callbacks.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Makes a user's processor for one task, when its stores can be read. */
export type CreateProcessor<KIn, VIn, KOut, VOut> = (
  context: ProcessorContext<KOut, VOut>,
) => Awaitable<Processor<KIn, VIn, KOut, VOut>>

/** Runs the processor that a user's `create` makes: `process()` of the DSL and `addProcessor()` of the Processor API. */
export class UserProcessor<KIn, VIn, KOut, VOut> implements Processor<KIn, VIn, KOut, VOut> {
  readonly #create: CreateProcessor<KIn, VIn, KOut, VOut>
  #processor!: Processor<KIn, VIn, KOut, VOut>

  constructor(create: CreateProcessor<KIn, VIn, KOut, VOut>) {
    this.#create = create
  }

  init(context: ProcessorContext<KOut, VOut>): void | Promise<void> {
    const created = this.#create(context)
    if (isPromise(created)) return created.then((processor) => this.#start(processor, context))
    return this.#start(created, context)
  }

  process(record: StreamRecord<KIn, VIn>): void | Promise<void> {
    return this.#processor.process(record)
  }

  close(): void | Promise<void> {
    // Not there if `create` failed.
    return this.#processor?.close?.()
  }

  #start(processor: Processor<KIn, VIn, KOut, VOut>, context: ProcessorContext<KOut, VOut>): void | Promise<void> {
    if (typeof processor?.process !== 'function') {
      throw new TypeError(
        `create() returned ${typeName(processor)}; a processor is an object with a method process(record)`,
      )
    }
    this.#processor = processor
    return processor.init?.(context)
  }
}
