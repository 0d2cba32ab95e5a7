import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import type { StateDirectory } from '../stores/state-directory.ts'
import { diskStorage, type StateStorage } from '../stores/state-storage.ts'
import type { PhysicalTopology } from '../topology/physical.ts'
import type { Topology } from '../topology/topology.ts'
import type { ClientSupplier } from './client/client.ts'
import { kafkaCluster } from './client/kafkajs/index.ts'
import type { Logger } from './core/log.ts'
import { StateMachine } from './core/state-machine.ts'
import { type ResolvedConfig, resolveConfig, type StreamsConfig } from './runtime/config.ts'
import { NotRunningError } from './runtime/errors.ts'
import { Instance } from './runtime/instance.ts'
import { Metrics, type MetricsSnapshot } from './runtime/metrics.ts'
import type { RestoredEvent, RestoringEvent } from './runtime/restore-progress.ts'

//                      ┌────────────┐
//                      ▼            │ tasks come or go
//   CREATED ──→ REBALANCING ──→ RUNNING
//      │            │   │          │
//      │            │   └──────────┴──→ PENDING_ERROR ──→ ERROR
//      └────────────┴──→ PENDING_SHUTDOWN ──→ NOT_RUNNING      (PENDING_SHUTDOWN also from RUNNING)
export type KafkaStreamsState =
  | 'CREATED'
  | 'REBALANCING'
  | 'RUNNING'
  | 'PENDING_SHUTDOWN'
  | 'NOT_RUNNING'
  | 'PENDING_ERROR'
  | 'ERROR'

/** The events of a KafkaStreams instance and what their listeners get. */
export interface KafkaStreamsEvents {
  /** The instance's state has changed. */
  state: [{ readonly from: KafkaStreamsState; readonly to: KafkaStreamsState }]
  /** A store lacks a part of its changelog, and reads it: once when that begins, then with each batch that is written. None if it lacks nothing. */
  restoring: [RestoringEvent]
  /** A store holds all of its changelog; `records` is how many had to be read for it. */
  restored: [RestoredEvent]
  /** The task went elsewhere, or the instance closes, while its store was being restored: what was read stays, and when the task comes back it goes on from there. */
  restoreSuspended: [RestoringEvent]
  /** What brought the instance to ERROR after start() had resolved; comes after that state. Without a listener it is logged. */
  error: [Error]
}

/**
 * Runs a topology: one member of the application's group. Start as many instances, in as many processes, as you like; the group
 * divides the tasks among them.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), { applicationId: 'word-count', brokers: ['localhost:9092'] })
 * process.once('SIGTERM', () => streams.close())
 * await streams.start()
 */
export class KafkaStreams extends EventEmitter<KafkaStreamsEvents> {
  readonly #config: ResolvedConfig
  readonly #topology: PhysicalTopology
  readonly #supplier: ClientSupplier
  readonly #logger: Logger
  readonly #metrics: Metrics
  readonly #storage: StateStorage
  readonly #machine: StateMachine<KafkaStreamsState>
  #directory: StateDirectory | undefined
  #instance: Instance | undefined
  #error: Error | undefined
  #ending: Promise<void> | undefined
  #opening: Promise<void> | undefined

  /**
   * Checks the configuration; opens and connects nothing.
   *
   * @param storage - Not for users: another place for the state, of a simulation.
   * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: names the option and what is allowed.
   * @throws StateDirectoryLockedError `STREAMS_STATE_DIR_LOCKED`: another running instance uses the state directory.
   */
  constructor(topology: Topology, config: StreamsConfig, storage: StateStorage = diskStorage) {
    super()
    this.#storage = storage
    this.#config = resolveConfig(config)
    this.#topology = topology.physical()
    const { brokers, ssl, sasl, client, stateDir, applicationId, requestTimeoutMs } = this.#config
    this.#supplier =
      client ??
      kafkaCluster({
        brokers: brokers!,
        requestTimeoutMs,
        ...(ssl === undefined ? {} : { ssl }),
        ...(sasl === undefined ? {} : { sasl }),
      })
    storage.requireUnlocked({ stateDir, applicationId })
    this.#logger = config.logger ?? pino({ name: 'millrace', level: 'warn' }, pino.destination({ dest: 2, sync: true }))
    this.#metrics = new Metrics(this.#logger)
    this.#machine = new StateMachine<KafkaStreamsState>(
      'KafkaStreams',
      'CREATED',
      {
        CREATED: ['REBALANCING', 'PENDING_SHUTDOWN'],
        REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
        RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
        PENDING_SHUTDOWN: ['NOT_RUNNING', 'PENDING_ERROR'],
        NOT_RUNNING: [],
        PENDING_ERROR: ['ERROR'],
        ERROR: [],
      },
      (from, to) => {
        this.#logger.info({ from, to }, 'state')
        this.emit('state', { from, to })
      },
    )
  }

  get state(): KafkaStreamsState {
    return this.#machine.state
  }

  /** Counts since the instance was made. */
  metrics(): MetricsSnapshot {
    return this.#metrics.snapshot()
  }

  /**
   * Joins the group, restores the stores of the tasks it is given, and resolves when all of them take records.
   *
   * @throws Rejects with what is wrong: a missing topic, an unreachable cluster, a locked state directory, a record that cannot be read.
   *   The instance is then in ERROR, and everything it had opened is closed.
   */
  async start(): Promise<void> {
    if (this.state !== 'CREATED') throw new NotRunningError(`start() is for a new instance; this one is ${this.state}`)
    this.#machine.transitionTo('REBALANCING')
    this.#opening = this.#open()
    try {
      await this.#opening
    } catch (error) {
      if (this.#machine.is('PENDING_SHUTDOWN', 'NOT_RUNNING')) {
        await this.#ending
        throw closedTooEarly()
      }
      await this.#fail(error)
      throw this.#error ?? error
    } finally {
      this.#opening = undefined
    }
  }

  /**
   * Finishes the records in process, commits, hands the tasks to the other instances and closes everything. Closing twice, or while it
   * is under way, waits for the same end. Rejects if the instance ended in ERROR while closing.
   */
  async close(): Promise<void> {
    this.#ending ??= this.#shutDown()
    await this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ---- inside

  async #open(): Promise<void> {
    const { stateDir, applicationId, clock } = this.#config
    this.#directory = await this.#storage.openDirectory({ stateDir, applicationId, clock, logger: this.#logger })
    if (this.state !== 'REBALANCING') throw closedTooEarly()
    this.#instance = new Instance({
      config: this.#config,
      topology: this.#topology,
      supplier: this.#supplier,
      directory: this.#directory,
      openDatabase: this.#storage.openDatabase,
      openMemoryDatabase: this.#storage.openMemoryDatabase,
      metrics: this.#metrics,
      logger: this.#logger,
      restores: {
        onRestoring: (event) => this.emit('restoring', event),
        onRestored: (event) => this.emit('restored', event),
        onSuspended: (event) => this.emit('restoreSuspended', event),
      },
      onChange: () => this.#follow(),
      onFatal: (error) => void this.#fail(error),
    })
    const running = this.#untilRunning()
    running.catch(() => {})
    await this.#instance.start()
    await running
  }

  async #shutDown(): Promise<void> {
    this.#machine.transitionTo('PENDING_SHUTDOWN')
    try {
      await this.#release('commit')
    } catch (error) {
      this.#machine.transitionTo('PENDING_ERROR')
      this.#machine.transitionTo('ERROR')
      throw error
    }
    this.#machine.transitionTo('NOT_RUNNING')
  }

  // The first failure ends the instance; what fails while it ends is only logged.
  async #fail(cause: unknown): Promise<void> {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    if (this.#ending !== undefined) {
      if (error !== this.#error) this.#logger.warn({ cause: error.message }, 'failed while closing')
      await this.#ending.catch(() => {})
      return
    }
    this.#error = error
    this.#machine.transitionTo('PENDING_ERROR')
    this.#ending = this.#release('drop').catch((later: unknown) => {
      this.#logger.warn({ cause: String(later) }, 'failed while closing')
    })
    await this.#ending
    this.#machine.transitionTo('ERROR')
    // Who awaits start() gets it from there.
    if (this.#opening !== undefined) return
    if (this.listenerCount('error') > 0) this.emit('error', error)
    else this.#logger.error({ err: error }, 'the instance has stopped')
  }

  async #release(uncommitted: 'commit' | 'drop'): Promise<void> {
    try {
      await this.#instance?.close(uncommitted)
    } finally {
      // What start() was about to open is there now, or never will be.
      await this.#opening?.catch(() => {})
      await this.#directory?.close()
    }
  }

  #follow(): void {
    const running = this.#instance?.running === true
    if (running && this.state === 'REBALANCING') this.#machine.transitionTo('RUNNING')
    else if (!running && this.state === 'RUNNING') this.#machine.transitionTo('REBALANCING')
  }

  #untilRunning(): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = ({ to }: { to: KafkaStreamsState }) => {
        if (to === 'REBALANCING') return
        this.off('state', listener)
        if (to === 'RUNNING') resolve()
        else if (to === 'PENDING_SHUTDOWN') reject(closedTooEarly())
        else reject(this.#error)
      }
      this.on('state', listener)
    })
  }
}

function closedTooEarly(): NotRunningError {
  return new NotRunningError('the instance was closed before it was running')
}
