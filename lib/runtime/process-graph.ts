// Flow: stream-task → [process-graph] → stores, record-collector

import type { StateStore } from '../../stores/store.ts'
import { isPromise } from '../../topology/callbacks.ts'
import type { ProcessorNode, SinkNode, Subtopology } from '../../topology/physical.ts'
import type {
  Cancellable,
  DropCause,
  InternalProcessorContext,
  Processor,
  PunctuationOptions,
  Punctuator,
  RecordMetadata,
} from '../../topology/processor.ts'
import type { ProcessorMetrics } from '../../topology/processor-metrics.ts'
import { InvalidArgumentError, StreamsError } from '../core/errors.ts'
import { StreamRecord } from '../core/record.ts'
import { typeName } from '../serde/errors.ts'
import { ProcessorInitError, UnconnectedStoreError, UnknownChildError } from './errors.ts'
import { deliver, Forwarder, type ForwardScope, type Receiver } from './forward.ts'
import type { TaskErrors } from './task-errors.ts'

/** What nodes ask of their task. */
export interface GraphHost {
  readonly applicationId: string
  readonly taskId: string
  readonly stateDir: string
  readonly appConfigs: Readonly<Record<string, unknown>>
  readonly scope: ForwardScope
  store(name: string): StateStore
  /** Undefined: there is no global store of this name. */
  globalStore(name: string): StateStore | undefined
  schedule(nodeName: string, options: PunctuationOptions, punctuator: Punctuator): Cancellable
  requestCommit(): void
  drop(cause: DropCause, nodeName: string): void
  metrics(nodeName: string): ProcessorMetrics
  streamTimeMs(): number
  nowMs(): number
  readonly emitIntervalMs: number
  /** Times that operators remember, each by a name of its own; lives as long as the task and is committed with its offsets. */
  readonly operatorTimesMs: Map<string, number>
  /** Whether the stores hold what the committed offsets say, and no more: exactly once. */
  readonly storesAsCommitted: boolean
  readonly errors: Pick<TaskErrors, 'handlesProcessing' | 'guard' | 'sink'>
}

/** The running nodes of one sub-topology in one task. Made anew after an abort. */
export class ProcessGraph {
  readonly #host: GraphHost
  readonly #processors: readonly ProcessorGraphNode[]
  readonly #sources = new Map<string, readonly Receiver[]>()

  constructor(subtopology: Subtopology, host: GraphHost) {
    this.#host = host
    const receivers = new Map<string, Receiver>()
    const processors: ProcessorGraphNode[] = []
    // Children first, so that a node finds its own made already.
    for (const node of [...subtopology.nodes].reverse()) {
      if (node.kind === 'sink') receivers.set(node.name, new SinkGraphNode(node, host))
      else {
        const children = new Map(node.children.map((child) => [child, receivers.get(child)!]))
        if (node.kind === 'source') this.#sources.set(node.name, [...children.values()])
        else {
          const processor = new ProcessorGraphNode(node, children, host)
          processors.push(processor)
          receivers.set(node.name, processor)
        }
      }
    }
    this.#processors = processors.reverse()
  }

  /** Initialises processors, parents before children. */
  async init(): Promise<void> {
    for (const processor of this.#processors) {
      await processor.init().catch((cause: unknown) => {
        throw cause instanceof StreamsError ? cause : new ProcessorInitError(processor.name, this.#host.taskId, cause)
      })
    }
  }

  /** Sends a record on its way from a source. Returns a promise only if something on the way was asynchronous. */
  process(sourceName: string, record: StreamRecord<any, any>): void | Promise<void> {
    const { scope } = this.#host
    const pending = deliver(scope, this.#sources.get(sourceName)!, record)
    if (pending !== undefined) return pending.then(() => scope.settled())
    if (!scope.idle) return scope.settled()
  }

  /** Closes every processor, also when one fails; then throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const processor of this.#processors) await processor.close().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
}

class SinkGraphNode implements Receiver {
  readonly #node: SinkNode
  readonly #host: GraphHost

  constructor(node: SinkNode, host: GraphHost) {
    this.#node = node
    this.#host = host
  }

  process(record: StreamRecord<any, any>): void | Promise<void> {
    const { scope, errors } = this.#host
    try {
      const pending = errors.sink(this.#node, record)
      if (pending !== undefined) return pending.catch((error: unknown) => scope.fail(this.#node.name, error))
    } catch (error) {
      scope.fail(this.#node.name, error)
    }
  }
}

/** A processor with what surrounds it; also the context that it is given. */
class ProcessorGraphNode implements Receiver, InternalProcessorContext {
  readonly #node: ProcessorNode
  readonly #receivers: readonly Receiver[]
  /** Each child by itself, by name. */
  readonly #alone: ReadonlyMap<string, readonly Receiver[]>
  readonly #host: GraphHost
  readonly #forwarder: Forwarder
  readonly #processor: Processor
  readonly #streamTimeName: string
  readonly metrics: ProcessorMetrics

  constructor(node: ProcessorNode, children: ReadonlyMap<string, Receiver>, host: GraphHost) {
    this.#node = node
    this.#receivers = [...children.values()]
    this.#alone = new Map([...children].map(([name, receiver]) => [name, [receiver]]))
    this.#host = host
    this.#forwarder = new Forwarder(host.scope)
    this.#processor = node.supplier()
    this.metrics = host.metrics(node.name)
    // Java knows no such time. Under the bare name it keeps what has been emitted of a store, which may be called like the node.
    this.#streamTimeName = `${node.name}:stream-time`
  }

  get name(): string {
    return this.#node.name
  }

  async init(): Promise<void> {
    await this.#processor.init?.(this)
  }

  async close(): Promise<void> {
    await this.#processor.close?.()
  }

  process(record: StreamRecord<any, any>): void | Promise<void> {
    const { scope, errors } = this.#host
    scope.nodeName = this.#node.name
    try {
      const pending = errors.handlesProcessing
        ? errors.guard(this.#node.name, record, () => this.#processor.process(record))
        : this.#processor.process(record)
      // What a user's processor returns need not be a promise.
      if (isPromise(pending)) return pending.catch((error: unknown) => scope.fail(this.#node.name, error))
    } catch (error) {
      scope.fail(this.#node.name, error)
    }
  }

  get applicationId(): string {
    return this.#host.applicationId
  }

  get taskId(): string {
    return this.#host.taskId
  }

  get stateDir(): string {
    return this.#host.stateDir
  }

  get appConfigs(): Readonly<Record<string, unknown>> {
    return this.#host.appConfigs
  }

  forward(record: StreamRecord<any, any>, to?: string): void | Promise<void> {
    // Also of what is no record at all.
    if (!(record?.timestamp >= 0)) throw notARecord(this.#node.name, record)
    return this.#forwarder.forward(to === undefined ? this.#receivers : this.#child(to), record)
  }

  schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    return this.#host.schedule(this.#node.name, options, punctuator)
  }

  commit(): void {
    this.#host.requestCommit()
  }

  store<S extends StateStore>(name: string): S {
    if (this.#node.stores.includes(name)) return this.#host.store(name) as S
    // Open to all.
    const global = this.#host.globalStore(name)
    if (global === undefined) throw new UnconnectedStoreError(this.#node.name, name, this.#node.stores)
    return global as S
  }

  recordMetadata(): RecordMetadata | undefined {
    const record = this.#host.scope.current
    return record === undefined || record.offset < 0 ? undefined : record
  }

  currentStreamTimeMs(): number {
    return this.#host.streamTimeMs()
  }

  currentSystemTimeMs(): number {
    return this.#host.nowMs()
  }

  get emitIntervalMs(): number {
    return this.#host.emitIntervalMs
  }

  drop(cause: DropCause): void {
    this.#host.drop(cause, this.#node.name)
  }

  observedStreamTimeMs(): number {
    return this.#host.operatorTimesMs.get(this.#streamTimeName) ?? -1
  }

  observeStreamTime(timestampMs: number): void {
    if (timestampMs > this.observedStreamTimeMs()) this.#host.operatorTimesMs.set(this.#streamTimeName, timestampMs)
  }

  observeRestoredTime(timestampMs: number): void {
    if (this.#host.storesAsCommitted) this.observeStreamTime(timestampMs)
  }

  emittedUntilMs(storeName: string): number {
    return this.#host.operatorTimesMs.get(storeName) ?? -1
  }

  emittedUntil(storeName: string, timeMs: number): void {
    if (timeMs > this.emittedUntilMs(storeName)) this.#host.operatorTimesMs.set(storeName, timeMs)
  }

  #child(name: string): readonly Receiver[] {
    const child = this.#alone.get(name)
    if (child === undefined) throw new UnknownChildError(this.#node.name, name, [...this.#alone.keys()])
    return child
  }
}

/** What to throw for something that a processor forwards in place of a record. */
export function notARecord(
  nodeName: string,
  record: Partial<StreamRecord<any, any>> | undefined,
): InvalidArgumentError {
  const what = record instanceof StreamRecord ? `a record with the timestamp ${record.timestamp}` : typeName(record)
  return new InvalidArgumentError(
    'forward',
    `node '${nodeName}' forwarded ${what}; it takes a StreamRecord with a timestamp of at least 0: the one that came, ` +
      'a copy of it by record.withValue() and its like, or new StreamRecord(key, value, timestampMs).',
  )
}
