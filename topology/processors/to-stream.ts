import type { StreamRecord } from '../../lib/core/record.ts'
import type { Change } from '../change.ts'
import type { Processor, ProcessorContext } from '../processor.ts'

/** Forwards each update of a table as a record with the new value; a delete as a tombstone. */
export class ToStreamProcessor<K, V> implements Processor<K, Change<V>, K, V | null> {
  #context!: ProcessorContext<K, V | null>

  init(context: ProcessorContext<K, V | null>): void {
    this.#context = context
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    return this.#context.forward(record.withValue(record.value.newValue))
  }
}
