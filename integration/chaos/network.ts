// What lies between the instances and the nodes: each instance has a way of its own to each node, which leads through a proxy.
import type { ApiName } from '../../lib/client/protocol/apis.ts'
import type { BrokerOptions } from '../broker/index.ts'
import { advertisedListeners, type NodeAddress } from '../broker/server-properties.ts'
import { type Fate, type FaultCounts, FaultProxy } from '../fault-proxy.ts'

const NODES = 3

/** The ways of one instance. */
export class InstanceNetwork {
  /** By node, from 0. */
  readonly proxies: readonly FaultProxy[]

  constructor(proxies: readonly FaultProxy[]) {
    this.proxies = proxies
  }

  get bootstrap(): readonly string[] {
    return this.proxies.map(({ address }) => address)
  }

  get openConnections(): number {
    return sum(this.proxies.map(({ openConnections }) => openConnections))
  }

  count(what: keyof FaultCounts): number {
    return sum(this.proxies.map(({ counts }) => counts[what]))
  }

  cutAll(how: 'fin' | 'reset'): number {
    return sum(this.proxies.map((proxy) => proxy.cutAll(how)))
  }

  delay(delayMs: number): void {
    for (const proxy of this.proxies) proxy.worsen({ toBroker: { delayMs }, toClient: { delayMs } })
  }

  /** The next request of a kind, to whatever node, meets this fate. Returns how often it has. */
  next(api: ApiName, fate: Fate): () => number {
    const rules = this.proxies.map((proxy) => proxy.rule({ api, fate }))
    return () => sum(rules.map(({ acted }) => acted))
  }

  heal(): void {
    for (const proxy of this.proxies) proxy.heal()
  }
}

/** Opens the ways; what it returns with them makes a cluster's nodes take them. */
export class ChaosNetwork {
  readonly instances: readonly InstanceNetwork[]

  private constructor(instances: readonly InstanceNetwork[]) {
    this.instances = instances
  }

  static async open(instanceCount: number): Promise<ChaosNetwork> {
    const ways = await Promise.all(
      Array.from({ length: instanceCount }, () => Promise.all(Array.from({ length: NODES }, () => FaultProxy.open()))),
    )
    return new ChaosNetwork(ways.map((proxies) => new InstanceNetwork(proxies)))
  }

  /** A node tells whoever comes by an instance's listener that all nodes are behind that instance's proxies. */
  get brokerOptions(): Required<Pick<BrokerOptions, 'listeners' | 'properties'>> {
    return {
      listeners: this.instances.map((_, i) => ({ name: listenerOf(i), protocol: 'PLAINTEXT' })),
      properties: (node) => ({ 'advertised.listeners': this.#advertised(node) }),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.instances.flatMap(({ proxies }) => proxies.map((proxy) => proxy.close())))
  }

  #advertised(node: NodeAddress): string {
    const listeners = node.listeners!.map((listener) => {
      const proxy = this.instances.find((_, i) => listenerOf(i) === listener.name)!.proxies[node.nodeId - 1]!
      proxy.forwardTo(listener.port)
      return { ...listener, port: proxy.port }
    })
    return advertisedListeners({ ...node, listeners }, node.clientPort)
  }
}

function listenerOf(instance: number): string {
  return `INSTANCE${instance}`
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
