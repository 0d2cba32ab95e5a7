import { silentLogger } from '../../../lib/core/log.ts'
import { type Headers, StreamRecord } from '../../../lib/core/record.ts'
import { CustomMetrics } from '../../../lib/runtime/custom-metrics.ts'
import type { StateStore } from '../../../stores/store.ts'
import type {
  Cancellable,
  DropCause,
  InternalProcessorContext,
  Processor,
  RecordMetadata,
} from '../../../topology/processor.ts'
import type { ProcessorMetrics } from '../../../topology/processor-metrics.ts'

/** Stands in for a task: keeps what a processor forwards and drops, and gives it stores. */
export class TestContext implements InternalProcessorContext {
  readonly applicationId = 'app'
  readonly taskId = '0_0'
  readonly stateDir = '/nowhere'
  readonly appConfigs = {}
  readonly metrics: ProcessorMetrics = new CustomMetrics(silentLogger).of('0_0', 'node')
  readonly forwarded: StreamRecord<any, any>[] = []
  readonly drops: DropCause[] = []
  readonly #stores: ReadonlyMap<string, StateStore>
  /** What `forward` returns: set it to a function to make what is downstream asynchronous. */
  downstream: (record: StreamRecord<any, any>) => void | Promise<void> = () => undefined

  constructor(...stores: readonly StateStore[]) {
    this.#stores = new Map(stores.map((store) => [store.name, store]))
  }

  forward(record: StreamRecord<any, any>): void | Promise<void> {
    this.forwarded.push(record)
    return this.downstream(record)
  }

  drop(cause: DropCause): void {
    this.drops.push(cause)
  }

  store<S extends StateStore>(name: string): S {
    const store = this.#stores.get(name)
    if (store === undefined) throw new Error(`no store '${name}'`)
    return store as S
  }

  /** Keys and values of what was forwarded. */
  get pairs(): unknown[] {
    return this.forwarded.map((record) => [record.key, record.value])
  }

  schedule(): Cancellable {
    throw new Error('not for these tests')
  }

  commit(): void {}

  recordMetadata(): RecordMetadata | undefined {
    return undefined
  }

  currentStreamTimeMs(): number {
    return -1
  }

  currentSystemTimeMs(): number {
    return this.nowMs
  }

  /** By name: what survives a restart. */
  readonly times = new Map<string, number>()
  nowMs = 0
  emitIntervalMs = 0

  observedStreamTimeMs(): number {
    return this.times.get('stream-time') ?? -1
  }

  observeStreamTime(timestampMs: number): void {
    this.times.set('stream-time', Math.max(timestampMs, this.observedStreamTimeMs()))
  }

  observeRestoredTime(timestampMs: number): void {
    this.observeStreamTime(timestampMs)
  }

  emittedUntilMs(storeName: string): number {
    return this.times.get(storeName) ?? -1
  }

  emittedUntil(storeName: string, timeMs: number): void {
    this.times.set(storeName, Math.max(timeMs, this.emittedUntilMs(storeName)))
  }
}

const HEADERS: Headers = [['trace', Buffer.from('1')]]

/** A record at offset 7 of partition 2 of topic 'in', with one header. */
export function record<K, V>(key: K, value: V, timestamp = 10): StreamRecord<K, V> {
  return new StreamRecord(key, value, timestamp, HEADERS, 'in', 2, 7)
}

/** Initializes a processor on a context. */
export async function start<P extends Processor>(processor: P, context = new TestContext()): Promise<TestContext> {
  await processor.init?.(context)
  return context
}
