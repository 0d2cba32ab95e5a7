// What a security test opens: clients and instances that connect in one way or another, all with a logger that forgets nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../../lib/client/client.ts'
import { type KafkaOptions, kafkaCluster } from '../../lib/client/kafkajs/index.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { KafkaStreams, type StreamsConfig, type Topology } from '../../lib/index.ts'
import { freshName, TestCluster, until } from '../support/cluster.ts'
import { Recorder } from './recorder.ts'
import { type ListenerName, SecuredBroker } from './secured-broker.ts'

/** How to connect: to which listener, with what. `CLIENT`: the listener without any security. */
export interface Connect extends Pick<KafkaOptions, 'ssl' | 'sasl'> {
  readonly listener: ListenerName | 'CLIENT'
}

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
}

export class SecurityBench {
  readonly secured: SecuredBroker
  /** The test's own way to the broker, as a super user. */
  readonly cluster: TestCluster
  /** All that was said in any test. */
  readonly log = new Recorder()
  /** Tokens that were given out. */
  readonly tokens: string[] = []
  readonly #clients: Client[] = []
  readonly #instances: KafkaStreams[] = []
  readonly #socketsBefore = socketCount()
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-security-'))

  private constructor(secured: SecuredBroker) {
    this.secured = secured
    this.cluster = new TestCluster(secured.broker.bootstrap)
  }

  static async open(): Promise<SecurityBench> {
    return new SecurityBench(await SecuredBroker.start())
  }

  options({ listener, ssl, sasl }: Connect): KafkaOptions {
    const address = listener === 'CLIENT' ? this.secured.broker.bootstrap : this.secured.address(listener)
    return { brokers: [address], ...(ssl === undefined ? {} : { ssl }), ...(sasl === undefined ? {} : { sasl }) }
  }

  client(connect: Connect, requestTimeoutMs = 15_000): Client {
    const context = { clientId: 'secured', clock: systemClock, logger: this.log, requestTimeoutMs }
    const client = kafkaCluster(this.options(connect)).connect(context)
    this.#clients.push(client)
    return client
  }

  streams(connect: Connect, topology: Topology, config: Partial<StreamsConfig> = {}): KafkaStreams {
    const streams = new KafkaStreams(topology, {
      ...(this.options(connect) as { brokers: readonly string[] }),
      applicationId: freshName('secured'),
      stateDir: this.stateDir('state'),
      commitIntervalMs: 50,
      requestTimeoutMs: 15_000,
      logger: this.log,
      ...config,
    })
    this.#instances.push(streams)
    return streams
  }

  stateDir(name: string): string {
    return join(this.#folder, name)
  }

  /** Closes what the test has opened. Whatever went wrong before, this does not. */
  async settle(): Promise<void> {
    await Promise.all(this.#instances.splice(0).map((streams) => streams.close()))
    await Promise.all(this.#clients.splice(0).map((client) => client.close()))
  }

  async close(): Promise<void> {
    await this.cluster.close()
    await until('no connection is left', () => socketCount() <= this.#socketsBefore, 10_000)
    await this.secured.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
