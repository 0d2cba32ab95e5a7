// The instances of the application, each in one process after another: what an operator, or an orchestrator, does for them.
import type { MemoryCluster } from '../../client/memory/index.ts'
import { type Clock, sleep } from '../../core/clock.ts'
import { StreamsError } from '../../core/errors.ts'
import type { StreamRecord } from '../../core/record.ts'
import type { KafkaStreamsState } from '../../kafka-streams.ts'
import { Machine } from './machine.ts'
import type { SimulationPlan } from './plan.ts'
import { type ProcessEvents, SimulatedProcess } from './process.ts'
import { APPLICATION_ID, buildWorkload } from './workload.ts'

/** One instance: its machine, and the process that runs there now, if one does. */
export interface Slot {
  machine: Machine
  process: SimulatedProcess | undefined
  /** Somebody is about to start it again. */
  isAwaited: boolean
}

export interface InstancesOptions {
  readonly plan: SimulationPlan
  readonly cluster: MemoryCluster
  readonly clock: Clock
  readonly stateDir: string
  readonly events: ProcessEvents
  readonly onRead: (process: SimulatedProcess, record: StreamRecord<any, any>) => void
  /** A process has sent some of the results of a record; what is thrown, its callback throws. */
  readonly onHalfDone: (process: SimulatedProcess) => void
  /** A process has ended in ERROR. Returns whether that is what should happen. */
  readonly isRightError: (process: SimulatedProcess, error: Error) => boolean
  readonly violations: string[]
}

export class Instances {
  readonly slots: Slot[] = []
  /** Every machine that there was. */
  readonly machines: Machine[] = []
  readonly #options: InstancesOptions
  #lives = 0

  constructor(options: InstancesOptions) {
    this.#options = options
  }

  /** Adds an instance on a machine of its own, and starts it. */
  add(): Slot {
    const slot: Slot = { machine: this.machine(), process: undefined, isAwaited: false }
    this.slots.push(slot)
    this.start(slot)
    return slot
  }

  /** A machine that has kept nothing yet; that of another instance unless it is told which. */
  machine(instanceId = `instance-${this.machines.length}`): Machine {
    const machine = new Machine(`m${this.machines.length}`, instanceId)
    this.machines.push(machine)
    return machine
  }

  start(slot: Slot): SimulatedProcess {
    const { plan, cluster, clock, stateDir, events, onRead, onHalfDone } = this.#options
    const { machine } = slot
    const process: SimulatedProcess = new SimulatedProcess({
      name: `${machine.name}.${++this.#lives}`,
      machine,
      topology: (own) =>
        buildWorkload(plan.workload, {
          clock: own,
          onRead: (record) => {
            if (process.alive) onRead(process, record)
          },
          onHalfDone: () => onHalfDone(process),
        }),
      config: {
        applicationId: APPLICATION_ID,
        stateDir,
        ...(plan.staticMembers ? {} : { groupInstanceId: null }),
        ...plan.config,
      },
      cluster,
      clock,
      events,
    })
    slot.process = process
    slot.isAwaited = false
    process.start()
    return process
  }

  get living(): readonly Slot[] {
    return this.slots.filter(({ process }) => process?.alive === true)
  }

  /** The slots whose process can be troubled: it lives, nothing has been done to it yet, and it is not on its way out. */
  get healthy(): readonly Slot[] {
    return this.living.filter(({ process }) => isHealthy(process!))
  }

  get allRunning(): boolean {
    return this.slots.every(({ process }) => process?.alive === true && process.streams.state === 'RUNNING')
  }

  states(): string {
    return this.slots
      .map(
        ({ machine, process }) => `${process?.name ?? machine.name} ${process?.alive ? process.streams.state : 'dead'}`,
      )
      .join(', ')
  }

  /** What an operator does: buries who has ended in ERROR, and starts again what runs no more. `allOfThem`: also what somebody else was to start. */
  tend(allOfThem: boolean): void {
    this.#bury()
    for (const slot of this.slots) {
      if (slot.process?.alive === true) continue
      if (allOfThem || !slot.isAwaited) this.start(slot)
    }
  }

  #bury(): void {
    for (const slot of this.slots) {
      const { process } = slot
      if (process === undefined || !process.alive || process.streams.state !== 'ERROR') continue
      const { error } = process
      if (error === undefined) continue
      if (!this.#options.isRightError(process, error)) {
        const code = error instanceof StreamsError ? `${error.code}: ` : ''
        this.#options.violations.push(`${process.name} ended in ERROR: ${code}${error.message}`)
      }
      this.end(process)
      slot.process = undefined
    }
  }

  reportBothAlive(one: SimulatedProcess, other: SimulatedProcess): void {
    this.#options.violations.push(`${one.name} and ${other.name} go on though both have the same instance id`)
  }

  /** Whether another process has been started under the instance id of this one, which lived then. */
  isContested({ machine }: SimulatedProcess): boolean {
    return this.machines.filter(({ instanceId }) => instanceId === machine.instanceId).length > 1
  }

  end(process: SimulatedProcess): void {
    process.kill()
    process.cut()
  }

  /** Closes an instance as its owner would, and waits for it. */
  async close(process: SimulatedProcess, patienceMs: number): Promise<void> {
    const { clock, violations } = this.#options
    process.close()
    const deadlineMs = clock.now() + patienceMs
    while (process.alive && process.closing !== 'ended') {
      if (clock.now() > deadlineMs) {
        violations.push(`${process.name} was not closed within ${patienceMs} ms`)
        return
      }
      await sleep(clock, 20)
    }
  }
}

const HEALTHY: readonly KafkaStreamsState[] = ['REBALANCING', 'RUNNING']

function isHealthy(process: SimulatedProcess): boolean {
  return !process.isPaused && process.closing === 'no' && HEALTHY.includes(process.streams.state)
}
