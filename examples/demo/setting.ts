// Where a run takes place: which cluster, which topics, which folder; and what of it stays.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Client,
  kafkaCluster,
  type MemoryCluster,
  memoryCluster,
  silentLogger,
  systemClock,
} from '../../lib/index.ts'
import { deleteTopics } from './cluster.ts'
import type { DemoOptions } from './options.ts'
import { type DemoTopics, topicsOf } from './topology.ts'

const APPLICATION_ID = 'millrace-demo'
/** Long enough for a cluster that answers, short enough for somebody who has mistyped its address. */
const REQUEST_TIMEOUT_MS = 10_000
/** A killed instance is missed after this long. A real broker takes no less than 6 s by default (group.min.session.timeout.ms). */
const SESSION_MS = { embedded: 2_000, kafka: 6_000 }

export class Setting {
  readonly applicationId: string
  readonly topics: DemoTopics
  readonly stateDir: string
  /** How long the group waits for an instance that says nothing. */
  readonly sessionMs: number
  /** Undefined: Kafka. */
  readonly embedded: MemoryCluster | undefined
  /** The demo's own client: for who produces flights and who reads results. */
  readonly client: Client
  /** In words. */
  readonly cluster: string
  readonly #isOneOff: boolean
  readonly #isKept: boolean

  constructor({ brokers, instances, stateDir }: DemoOptions) {
    // Several instances on a Kafka get topics of their own: their story needs all flights to be new.
    this.#isOneOff = brokers !== undefined && instances > 1
    // One instance on a Kafka can go on from what it has left.
    this.#isKept = brokers !== undefined && instances === 1
    this.applicationId = this.#isOneOff ? `${APPLICATION_ID}-${systemClock.now().toString(36)}` : APPLICATION_ID
    this.topics = topicsOf(this.applicationId)
    this.sessionMs = brokers === undefined ? SESSION_MS.embedded : SESSION_MS.kafka
    this.cluster = brokers === undefined ? 'a cluster inside this process' : `Kafka at ${brokers.join(', ')}`
    this.embedded = brokers === undefined ? memoryCluster() : undefined
    const supplier = this.embedded ?? kafkaCluster({ brokers: brokers! })
    this.client = supplier.connect({
      clientId: 'demo',
      clock: systemClock,
      logger: silentLogger,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    })
    const home = join(tmpdir(), APPLICATION_ID)
    this.stateDir = stateDir ?? (this.#isKept ? home : mkdtempSync(`${home}-`))
  }

  async close(): Promise<void> {
    if (this.#isOneOff) await deleteTopics(this.client, this.applicationId, this.topics).catch(() => {})
    await this.client.close()
    if (!this.#isKept) rmSync(this.stateDir, { recursive: true, force: true })
  }
}
