import type { StreamRecord } from '../../lib/core/record.ts'
import type { WindowStore } from '../../stores/store.ts'
import { isPromise, type KeySelector } from '../callbacks.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor } from '../processor.ts'

export interface DistinctSettings {
  readonly storeName: string
  readonly withinMs: number
}

/**
 * Lets the first record of each id through, and drops those that follow it (or, arriving late, precede it) within a time. What was let through is remembered by its event
 * time, so a duplicate does not make the time longer. Records without an id pass; those older than the memory count as late.
 */
export class DistinctProcessor<K, V, Id> implements Processor<K, V, K, V> {
  readonly #node: string
  readonly #id: KeySelector<K, V, Id>
  readonly #settings: DistinctSettings
  #context!: InternalProcessorContext<K, V>
  #seen!: WindowStore<Id, Buffer>

  constructor(node: string, id: KeySelector<K, V, Id>, settings: DistinctSettings) {
    this.#node = node
    this.#id = id
    this.#settings = settings
  }

  init(context: InternalProcessorContext<K, V>): void {
    this.#context = context
    this.#seen = context.store(this.#settings.storeName)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const id = this.#id(record.value, record.key, record)
    if (isPromise(id)) return id.then((later) => this.#offer(record, later))
    return this.#offer(record, id)
  }

  #offer(record: StreamRecord<K, V>, id: Id): void | Promise<void> {
    if (id === undefined) throw new CallbackResultError(this.#node, 'undefined', 'an id, or null')
    if (id === null) return this.#context.forward(record)
    const { withinMs } = this.#settings
    const { timestamp } = record
    this.#context.observeStreamTime(timestamp)
    // What came before it may be forgotten: better to drop it than to let a duplicate through.
    if (timestamp < this.#context.observedStreamTimeMs() - withinMs) return this.#context.drop('late')
    const around = { fromMs: Math.max(0, timestamp - withinMs), toMs: timestamp + withinMs }
    if (this.#seen.fetch(id, around).length > 0) return this.#context.drop('duplicate')
    this.#seen.put(id, SEEN, timestamp)
    return this.#context.forward(record)
  }
}

const SEEN = Buffer.alloc(0)
