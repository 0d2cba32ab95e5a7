import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, type RestoredEvent, silentLogger, type Topology } from '../../lib/index.ts'

/** One that runs, and what it has restored so far. */
export interface Instance {
  readonly streams: KafkaStreams
  readonly restored: readonly RestoredEvent[]
}

/**
 * Instances of one application on a real broker, each with its own state directory under one folder.
 *
 * @example
 * const instances = new Instances(brokers, applicationId)
 * const first = await instances.start('a', topology)
 * await instances.stop(first)
 * instances.loseState('a')
 * await instances.close() // in the test's finally
 */
export class Instances {
  readonly #brokers: readonly string[]
  readonly #applicationId: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-instances-'))
  readonly #running = new Set<KafkaStreams>()

  constructor(brokers: string, applicationId: string) {
    this.#brokers = brokers.split(',')
    this.#applicationId = applicationId
  }

  async start(name: string, topology: Topology): Promise<Instance> {
    const streams = new KafkaStreams(topology, {
      applicationId: this.#applicationId,
      brokers: [...this.#brokers],
      stateDir: join(this.#folder, name),
      commitIntervalMs: 100,
      emitIntervalMs: 50,
      sessionTimeoutMs: 6_000,
      logger: silentLogger,
    })
    const restored: RestoredEvent[] = []
    streams.on('restored', (event) => restored.push(event))
    this.#running.add(streams)
    await streams.start()
    return { streams, restored }
  }

  async stop({ streams }: Instance): Promise<void> {
    this.#running.delete(streams)
    await streams.close()
  }

  /** Removes the state directory of one that was stopped. */
  loseState(name: string): void {
    rmSync(join(this.#folder, name), { recursive: true })
  }

  /** Closes those that still run, as far as they can be, and removes all their state. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((streams) => streams.close().catch(() => {})))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
