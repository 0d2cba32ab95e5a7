import { MemoryState } from '../../stores/memory/memory-state.ts'
import { OverlayDatabase } from '../../stores/overlay-database.ts'
import type { StateStore, StoreBuilder } from '../../stores/store.ts'
import { DuplicateStoreError, InvalidArgumentError } from '../../topology/errors.ts'
import { changelogTopic } from '../../topology/physical.ts'
import type {
  Cancellable,
  ProcessorContext,
  PunctuationOptions,
  Punctuator,
  RecordMetadata,
} from '../../topology/processor.ts'
import type { ProcessorMetrics } from '../../topology/processor-metrics.ts'
import { type Logger, silentLogger } from '../core/log.ts'
import type { StreamRecord } from '../core/record.ts'
import { UnconnectedStoreError } from '../runtime/errors.ts'
import { Metrics, type MetricsSnapshot } from '../runtime/metrics.ts'
import { notARecord } from '../runtime/process-graph.ts'
import { requireSchedule } from '../runtime/punctuation.ts'
import { MockPunctuator } from './mock-punctuator.ts'

/** What the processor is told, and what it finds. */
export interface MockContextOptions {
  /** The stores that the processor is connected to. */
  readonly stores?: readonly (StoreBuilder | StateStore)[]
  /** Default: none. */
  readonly appConfigs?: Readonly<Record<string, unknown>>
  /** Default: `mock-application`. */
  readonly applicationId?: string
  /** Default: `0_0`. */
  readonly taskId?: string
  /** Needed only by processors that ask for it. Stores keep nothing in it, and it need not exist. */
  readonly stateDir?: string
  /** Gets warnings of metrics and of puts that have expired. Default: nobody. */
  readonly logger?: Logger
}

/** A record that the processor has forwarded. */
export interface CapturedForward<K, V> {
  readonly record: StreamRecord<K, V>
  /** The child that it was forwarded to; undefined: all of them. */
  readonly childName: string | undefined
}

/** Names the processor in errors and metrics. */
const NODE = 'mock'
const NO_STREAM_TIME = -1

/**
 * The context of a processor that is tested alone, without a topology: it keeps what the processor forwards, schedules and asks for, and does nothing by itself. Stores are real ones, in
 * memory, without a changelog and without a cache. Java's class of this name, with the same methods.
 *
 * What depends on others is better tested with a TopologyTestDriver: children, the order of records, commits, what an abort takes back.
 *
 * @example
 * const context = new MockProcessorContext<string, number>({ stores: [stores.keyValue('seen', numbers)] })
 * const processor = createCounter(context)
 * await processor.process(new StreamRecord('ada', 'click', 10))
 * expect(context.forwarded()).toMatchObject([{ record: { key: 'ada', value: 1 }, childName: undefined }])
 */
export class MockProcessorContext<K = any, V = any> implements ProcessorContext<K, V> {
  readonly applicationId: string
  readonly taskId: string
  readonly appConfigs: Readonly<Record<string, unknown>>
  readonly metrics: ProcessorMetrics
  readonly #stateDir: string | undefined
  readonly #counts: Metrics
  readonly #database = new OverlayDatabase(new MemoryState())
  readonly #stores = new Map<string, StateStore>()
  readonly #forwarded: CapturedForward<K, V>[] = []
  readonly #punctuators: MockPunctuator[] = []
  #committed = false
  #metadata: RecordMetadata | undefined
  #firing = 0
  #streamTimeMs = NO_STREAM_TIME
  #systemTimeMs = 0

  /** @throws DuplicateStoreError `STREAMS_DUPLICATE_STORE`: two stores have one name. */
  constructor(options: MockContextOptions = {}) {
    const { applicationId = 'mock-application', taskId = '0_0', appConfigs = {}, logger = silentLogger } = options
    this.applicationId = applicationId
    this.taskId = taskId
    this.appConfigs = Object.freeze({ ...appConfigs })
    this.#stateDir = options.stateDir
    this.#counts = new Metrics(logger)
    this.metrics = this.#counts.custom.of(taskId, NODE)
    for (const store of options.stores ?? []) this.addStateStore(store)
  }

  // ---- what the processor uses

  /** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: none was given. */
  get stateDir(): string {
    if (this.#stateDir !== undefined) return this.#stateDir
    throw new InvalidArgumentError(
      'MockProcessorContext',
      'the processor asks for stateDir, and none was given: pass { stateDir }.',
    )
  }

  /** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: it is no record, or has no time. */
  forward(record: StreamRecord<K, V>, to?: string): void {
    if (!(record?.timestamp >= 0)) throw notARecord(NODE, record)
    this.#forwarded.push({ record, childName: to })
  }

  schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    requireSchedule(NODE, options, punctuator)
    const scheduled = new MockPunctuator(options, (timestampMs) =>
      this.#fire(punctuator, timestampMs ?? this.#nowIn(options.time)),
    )
    this.#punctuators.push(scheduled)
    return scheduled
  }

  commit(): void {
    this.#committed = true
  }

  store<S extends StateStore = any>(name: string): S {
    const store = this.#stores.get(name)
    if (store === undefined) throw new UnconnectedStoreError(NODE, name, [...this.#stores.keys()])
    return store as S
  }

  recordMetadata(): RecordMetadata | undefined {
    return this.#firing > 0 ? undefined : this.#metadata
  }

  currentStreamTimeMs(): number {
    return this.#streamTimeMs
  }

  currentSystemTimeMs(): number {
    return this.#systemTimeMs
  }

  // ---- what the test uses

  /**
   * Adds a store that the processor can ask for, and gives it, so that the test can fill it and look into it.
   *
   * @throws DuplicateStoreError `STREAMS_DUPLICATE_STORE`: there is one of this name.
   */
  addStateStore<S extends StateStore>(store: StoreBuilder<S> | S): S {
    if (this.#stores.has(store.name)) throw new DuplicateStoreError(store.name)
    const added = 'build' in store ? this.#build(store) : store
    this.#stores.set(added.name, added)
    return added
  }

  /** What was forwarded, in order; with a name what went to that child: to it alone, or to all. */
  forwarded(childName?: string): readonly CapturedForward<K, V>[] {
    if (childName === undefined) return [...this.#forwarded]
    return this.#forwarded.filter((forward) => forward.childName === undefined || forward.childName === childName)
  }

  resetForwards(): void {
    this.#forwarded.length = 0
  }

  /** What was scheduled, in order, also what has been cancelled. */
  scheduledPunctuators(): readonly MockPunctuator[] {
    return [...this.#punctuators]
  }

  /** Whether the processor has asked for a commit. */
  committed(): boolean {
    return this.#committed
  }

  resetCommit(): void {
    this.#committed = false
  }

  /** Says where the record in process comes from. Undefined, as at first: nowhere. Punctuators are told so in any case. */
  setRecordMetadata(metadata: RecordMetadata | undefined): void {
    this.#metadata = metadata
  }

  /** In epoch milliseconds. At first -1: no record has been seen. */
  setCurrentStreamTimeMs(timeMs: number): void {
    this.#streamTimeMs = timeMs
  }

  /** In epoch milliseconds. At first 0. */
  setCurrentSystemTimeMs(timeMs: number): void {
    this.#systemTimeMs = timeMs
  }

  /** The processor's own metrics, in `custom`, and what it has put too late, in `recordsDropped.expired`. */
  metricsSnapshot(): MetricsSnapshot {
    return this.#counts.snapshot()
  }

  // ---- inside

  #build<S extends StateStore>(builder: StoreBuilder<S>): S {
    return builder.build({
      rows: this.#database.rows(builder.name),
      changelogTopic: changelogTopic(builder.name, this.applicationId),
      log: () => {},
      currentRecord: () => undefined,
      cacheBudget: undefined,
      expired: () => this.#counts.expired(builder.name, undefined),
    })
  }

  async #fire(punctuator: Punctuator, timestampMs: number): Promise<void> {
    this.#firing++
    try {
      await punctuator(timestampMs)
    } finally {
      this.#firing--
    }
  }

  #nowIn(time: PunctuationOptions['time']): number {
    return time === 'stream' ? this.#streamTimeMs : this.#systemTimeMs
  }
}
