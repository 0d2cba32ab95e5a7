import type { StreamRecord } from '../../lib/core/record.ts'
import { isPromise, type Predicate } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** A branch: which records it takes, and the child node that they go to. */
export interface Branch<K, V> {
  readonly accepts: Predicate<K, V>
  readonly child: string
}

/** Hands each record to the first branch that accepts it, else to the default branch; without one it is dropped. Stateless. */
export class SplitProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #node: string
  readonly #branches: readonly Branch<K, V>[]
  readonly #defaultChild: string | undefined
  #context!: ProcessorContext<K, V>

  constructor(node: string, branches: readonly Branch<K, V>[], defaultChild: string | undefined) {
    this.#node = node
    this.#branches = branches
    this.#defaultChild = defaultChild
  }

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    return this.#offer(record, 0)
  }

  #offer(record: StreamRecord<K, V>, from: number): void | Promise<void> {
    for (let i = from; i < this.#branches.length; i++) {
      const { accepts, child } = this.#branches[i]!
      const accepted = accepts(record.value, record.key, record)
      if (isPromise(accepted)) {
        return accepted.then((later) =>
          this.#said(later) ? this.#context.forward(record, child) : this.#offer(record, i + 1),
        )
      }
      if (this.#said(accepted)) return this.#context.forward(record, child)
    }
    if (this.#defaultChild !== undefined) return this.#context.forward(record, this.#defaultChild)
  }

  #said(accepted: boolean): boolean {
    if (accepted === undefined) throw new CallbackResultError(this.#node, 'undefined', 'true or false')
    return accepted
  }
}
