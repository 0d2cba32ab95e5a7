import type { StreamRecord } from '../../lib/core/record.ts'
import type { ValueAndTimestamp } from '../../stores/store.ts'
import { type Awaitable, isPromise } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CallbackResultError } from '../errors.ts'
import type { InternalProcessorContext, Processor, ProcessorContext } from '../processor.ts'
import type { TableGetter, TableView } from '../table-view.ts'
import { awaited } from './awaited.ts'
import { TableUpdates } from './table-updates.ts'

/** Makes the values of one table, with stores at hand. */
export interface ValueTransformer<K, V, VR> {
  /** Makes a value; `value` is null where an entry was deleted, or is not there. A null result stands for no value. */
  transform(value: V | null, key: K): Awaitable<VR | null>
  /** Called once, when the task closes or starts over. */
  close?(): void | Promise<void>
}

/** What a transformer may do: all that a processor may, but for forwarding. */
export type TransformerContext = Omit<ProcessorContext, 'forward'>

/** Makes a user's transformer for one task, when its stores can be read. */
export type CreateTransformer<K, V, VR> = (context: TransformerContext) => ValueTransformer<K, V, VR>

export interface TransformSettings {
  /** Where results are kept; undefined: nowhere. */
  readonly storeName: string | undefined
  readonly sendOldValues: boolean
}

/** `transformValues()` of a table. */
export class TransformValuesProcessor<K, V, VR> implements Processor<K, Change<V>, K, Change<VR>> {
  readonly #node: string
  readonly #create: CreateTransformer<K, V, VR>
  readonly #settings: TransformSettings
  #context!: InternalProcessorContext<K, Change<VR>>
  #transformer: ValueTransformer<K, V, VR> | undefined
  #table: TableUpdates<K, VR> | undefined

  constructor(node: string, create: CreateTransformer<K, V, VR>, settings: TransformSettings) {
    this.#node = node
    this.#create = create
    this.#settings = settings
  }

  init(context: InternalProcessorContext<K, Change<VR>>): void {
    this.#context = context
    this.#transformer = this.#create(context)
    const { storeName } = this.#settings
    if (storeName === undefined) return
    this.#table = new TableUpdates(context, storeName, this.#settings)
  }

  process(record: StreamRecord<K, Change<V>>): void | Promise<void> {
    const { newValue } = record.value
    return awaited(transformed(this.#node, this.#transformer!, newValue, record.key), (value) =>
      awaited(this.#before(record), (before) => this.#update(record, value, before)),
    )
  }

  async close(): Promise<void> {
    await this.#transformer?.close?.()
  }

  #before({ key, value: { oldValue } }: StreamRecord<K, Change<V>>): Awaitable<VR | null> {
    if (!this.#settings.sendOldValues) return null
    if (this.#table !== undefined) return this.#table.get(key)?.value ?? null
    return transformed(this.#node, this.#transformer!, oldValue, key)
  }

  #update(record: StreamRecord<K, Change<V>>, value: VR | null, before: VR | null): void | Promise<void> {
    if (this.#table === undefined) {
      return this.#context.forward(record.withValue(new Change(value, before, record.value.isLatest)))
    }
    return this.#table.put(record, value, before, record.timestamp)
  }
}

/** Reads a table whose values a transformer makes and nobody keeps: it is asked at each reading, by a transformer of the reader's own. */
export function transformedView<K, V, VR>(
  node: string,
  parent: TableView<K, V>,
  create: CreateTransformer<K, V, VR>,
  storeNames: readonly string[],
): TableView<K, VR> {
  return {
    storeNames: [...parent.storeNames, ...storeNames],
    open: (context) => new TransformedGetter(node, parent.open(context), create(context)),
  }
}

class TransformedGetter<K, V, VR> implements TableGetter<K, VR> {
  readonly #node: string
  readonly #parent: TableGetter<K, V>
  readonly #transformer: ValueTransformer<K, V, VR>

  constructor(node: string, parent: TableGetter<K, V>, transformer: ValueTransformer<K, V, VR>) {
    this.#node = node
    this.#parent = parent
    this.#transformer = transformer
  }

  get versioned(): boolean {
    return this.#parent.versioned
  }

  get(key: K): Awaitable<ValueAndTimestamp<VR> | undefined> {
    return awaited(this.#parent.get(key), (found) => this.#read(key, found))
  }

  getAsOf(key: K, timestampMs: number): Awaitable<ValueAndTimestamp<VR> | undefined> {
    return awaited(this.#parent.getAsOf(key, timestampMs), (found) => this.#read(key, found))
  }

  #read(key: K, found: ValueAndTimestamp<V> | undefined): Awaitable<ValueAndTimestamp<VR> | undefined> {
    return awaited(transformed(this.#node, this.#transformer, found?.value ?? null, key), (value) =>
      value === null ? undefined : { value, timestamp: found?.timestamp ?? -1 },
    )
  }
}

function transformed<K, V, VR>(
  node: string,
  transformer: ValueTransformer<K, V, VR>,
  value: V | null,
  key: K,
): Awaitable<VR | null> {
  const result = transformer.transform(value, key)
  const check = (made: VR | null) => {
    if (made === undefined) throw new CallbackResultError(node, 'undefined', 'a value')
    return made
  }
  return isPromise(result) ? result.then(check) : check(result)
}
