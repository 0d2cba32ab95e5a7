// One broker behind a FaultProxy, and clients that reach it through the proxy.
import type { Client } from '../../lib/client/client.ts'
import { kafkaWires } from '../../lib/client/kafkajs/index.ts'
import { wireClient } from '../../lib/client/wire-client.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { withoutFeatures } from '../../tests/contracts/client/transaction-versions.ts'
import { LogLines } from '../../tests/lib/client/log-lines.ts'
import { startBroker, type TestBroker } from '../broker/index.ts'
import { advertisedListeners } from '../broker/server-properties.ts'
import { FaultProxy } from '../fault-proxy.ts'
import { TestCluster } from './cluster.ts'

export interface LoggedClient extends Client {
  readonly log: LogLines
}

export interface ClientTimes {
  readonly requestTimeoutMs: number
  /** Default: the request time-out. */
  readonly connectionTimeoutMs?: number
  /** 1: as with a cluster that has no other. Default: the cluster's. */
  readonly transactionVersion?: 1 | 2
}

export class ProxiedBroker implements AsyncDisposable {
  readonly broker: TestBroker
  readonly proxy: FaultProxy

  private constructor(broker: TestBroker, proxy: FaultProxy) {
    this.broker = broker
    this.proxy = proxy
  }

  static async start(): Promise<ProxiedBroker> {
    const proxy = await FaultProxy.open()
    try {
      const broker = await startBroker({
        properties: (node) => {
          proxy.forwardTo(node.clientPort)
          return { 'advertised.listeners': advertisedListeners(node, proxy.port) }
        },
      })
      return new ProxiedBroker(broker, proxy)
    } catch (error) {
      await proxy.close()
      throw error
    }
  }

  /** Where clients begin: every way to the broker leads through the proxy. */
  get bootstrap(): string {
    return this.proxy.address
  }

  /** A client that keeps what it logs. The caller closes it. */
  client(
    clientId: string,
    { requestTimeoutMs, connectionTimeoutMs = requestTimeoutMs, transactionVersion = 2 }: ClientTimes,
  ): LoggedClient {
    const log = new LogLines()
    const context = { clientId, clock: systemClock, logger: log, requestTimeoutMs }
    const wires = kafkaWires({ brokers: [this.bootstrap], connectionTimeoutMs }, context)
    const client = wireClient(transactionVersion === 2 ? wires : withoutFeatures(wires), context)
    return Object.assign(client, { log })
  }

  /** For what tests prepare and look up; it passes through the same proxy. */
  cluster(): TestCluster {
    return new TestCluster(this.bootstrap)
  }

  async close(): Promise<void> {
    await this.broker.close()
    await this.proxy.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
