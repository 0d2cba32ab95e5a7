import { StateIoError } from '../../../stores/errors.ts'
import type { Topology } from '../../../topology/topology.ts'
import type { MemoryCluster } from '../../client/memory/index.ts'
import type { ApiName, ResponseOf } from '../../client/protocol/apis.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { KafkaStreams, type KafkaStreamsState } from '../../kafka-streams.ts'
import type { StreamsConfig } from '../../runtime/config.ts'
import type { RestoredEvent } from '../../runtime/restore-progress.ts'
import type { Machine } from './machine.ts'
import type { Moment, Outside } from './outside.ts'
import { ProcessClock } from './process-clock.ts'
import { ProcessWires } from './process-wires.ts'

/** What the simulation wants to know of its processes, and decides for them. */
export interface ProcessEvents {
  /** A process is about to touch the world, or has: the place to crash it. */
  onOutside(process: SimulatedProcess, operation: string, moment: Moment, message?: object): void
  /** How long a batch takes to the disk, in milliseconds; an error: the disk does not take it. */
  diskDelayMs(process: SimulatedProcess): number | 'ENOSPC'
  /** A process is told committed offsets: it goes on from there. */
  onCommitted(process: SimulatedProcess, offsets: ResponseOf<'offsetFetch'>): void
  /** Whether the network delivers a request twice. */
  duplicates(api: ApiName): boolean
  onState(process: SimulatedProcess, state: KafkaStreamsState): void
  onRestored(process: SimulatedProcess, event: RestoredEvent): void
  onLog(process: SimulatedProcess, level: 'warn' | 'error', fields: object, message: string): void
}

export interface ProcessOptions {
  /** Of this life: `a.2`. */
  readonly name: string
  readonly machine: Machine
  readonly topology: (clock: Clock) => Topology
  readonly config: Omit<StreamsConfig, 'client' | 'brokers' | 'clock' | 'logger'>
  readonly cluster: MemoryCluster
  readonly clock: Clock
  readonly events: ProcessEvents
}

/** One life of one instance of the application: KafkaStreams as it is, on a clock, a network and a disk that can be taken away. */
export class SimulatedProcess implements Outside {
  readonly name: string
  readonly machine: Machine
  readonly clock: ProcessClock
  readonly streams: KafkaStreams
  /** What brought it to ERROR. */
  error: Error | undefined
  isPaused = false
  /** A close has been asked for, and when it has ended. */
  closing: 'no' | 'under way' | 'ended' = 'no'
  readonly #events: ProcessEvents
  readonly #wires: ProcessWires
  #alive = true

  constructor(options: ProcessOptions) {
    const { name, machine, topology, config, cluster, clock, events } = options
    this.name = name
    this.machine = machine
    this.#events = events
    this.clock = new ProcessClock(clock)
    this.#wires = new ProcessWires(cluster, this)
    const storage = machine.storage((directory, write) => this.#writeBatch(directory, write))
    const { clock: own } = this
    this.streams = new KafkaStreams(
      topology(this.clock),
      { ...config, clientId: name, client: this.#wires, clock: own, logger: this.#logger() },
      storage,
    )
    this.streams.on('state', ({ to }) => {
      if (this.#alive) events.onState(this, to)
    })
    this.streams.on('restored', (event) => {
      if (this.#alive) events.onRestored(this, event)
    })
    this.streams.on('error', (error) => {
      this.error ??= error
    })
  }

  get alive(): boolean {
    return this.#alive
  }

  start(): void {
    this.streams.start().catch((error: Error) => {
      this.error ??= error
    })
  }

  /** As kill -9: from now on nothing of it happens. What lies in its sockets may still reach the brokers; see `cut`. */
  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    this.clock.stop()
    this.machine.processDied()
  }

  /** The machine closes the sockets of the dead process. */
  cut(): void {
    void this.#wires.cut()
  }

  pause(): void {
    this.isPaused = true
    this.clock.pause()
  }

  resume(timersFirst: boolean): void {
    this.isPaused = false
    this.clock.resume(timersFirst)
  }

  close(): void {
    this.closing = 'under way'
    const ended = (): void => {
      this.closing = 'ended'
    }
    this.streams.close().then(ended, (error: Error) => {
      this.error ??= error
      ended()
    })
  }

  passes(operation: string, moment: Moment, message?: object): boolean {
    if (!this.#alive) return false
    this.#events.onOutside(this, operation, moment, message)
    return this.#alive
  }

  onAnswer<A extends ApiName>(api: A, response: ResponseOf<A>): void {
    if (api === 'offsetFetch') this.#events.onCommitted(this, response as ResponseOf<'offsetFetch'>)
  }

  duplicates(api: ApiName): boolean {
    return this.#events.duplicates(api)
  }

  async #writeBatch(directory: string, write: () => void): Promise<void> {
    if (!this.passes('disk write', 'before')) return new Promise<never>(() => {})
    const delayMs = this.#events.diskDelayMs(this)
    if (delayMs === 'ENOSPC') throw new StateIoError(directory, 'ENOSPC: no space left on device')
    if (delayMs > 0) {
      await new Promise<void>((resolve) => {
        this.clock.setTimer(delayMs, resolve)
      })
    }
    write()
    if (!this.passes('disk write', 'after')) return new Promise<never>(() => {})
  }

  #logger(): Logger {
    const log = (level: 'warn' | 'error') => (fields: object, message: string) => {
      if (this.#alive) this.#events.onLog(this, level, fields, message)
    }
    return { debug() {}, info() {}, warn: log('warn'), error: log('error') }
  }
}
