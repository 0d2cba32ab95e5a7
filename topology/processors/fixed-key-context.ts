import type { StreamRecord } from '../../lib/core/record.ts'
import type { StateStore } from '../../stores/store.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { Cancellable, ProcessorContext, PunctuationOptions, Punctuator, RecordMetadata } from '../processor.ts'
import type { ProcessorMetrics } from '../processor-metrics.ts'

/** The context of a processor that must leave keys as they are: `forward` takes only records with the key of the one in process. */
export class FixedKeyContext<K, V> implements ProcessorContext<K, V> {
  readonly #node: string
  readonly #context: ProcessorContext<K, V>
  /** The key of the record in process. */
  key: K | undefined
  #processing = false

  constructor(node: string, context: ProcessorContext<K, V>) {
    this.#node = node
    this.#context = context
  }

  get applicationId(): string {
    return this.#context.applicationId
  }

  get taskId(): string {
    return this.#context.taskId
  }

  get stateDir(): string {
    return this.#context.stateDir
  }

  get appConfigs(): Readonly<Record<string, unknown>> {
    return this.#context.appConfigs
  }

  get metrics(): ProcessorMetrics {
    return this.#context.metrics
  }

  forward(record: StreamRecord<K, V>, to?: string): void | Promise<void> {
    if (this.#processing && !Object.is(record.key, this.key)) {
      throw new InvalidArgumentError(
        'processValues',
        `processor '${this.#node}' forwarded another key than that of its record. Keys decide where records belong: use process() to change them.`,
      )
    }
    return this.#context.forward(record, to)
  }

  /** Called with each record before the processor gets it. */
  enter(record: StreamRecord<K, unknown>): void {
    this.key = record.key
    this.#processing = true
  }

  schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    return this.#context.schedule(options, (timestampMs) => {
      this.#processing = false
      return punctuator(timestampMs)
    })
  }

  commit(): void {
    this.#context.commit()
  }

  store<S extends StateStore>(name: string): S {
    return this.#context.store<S>(name)
  }

  recordMetadata(): RecordMetadata | undefined {
    return this.#context.recordMetadata()
  }

  currentStreamTimeMs(): number {
    return this.#context.currentStreamTimeMs()
  }

  currentSystemTimeMs(): number {
    return this.#context.currentSystemTimeMs()
  }
}
