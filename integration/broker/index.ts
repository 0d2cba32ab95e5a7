// Integration tests run on a real broker: the cluster that KAFKA_BROKERS names, else one of our own, by Docker or by Java.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DockerEngine, missingForDocker } from './docker-engine.ts'
import type { Engine } from './engine.ts'
import { BrokerStartError, NoBrokerEngineError } from './errors.ts'
import { JavaEngine, missingForJava } from './java-engine.ts'
import { assertPortsFree, freePorts } from './ports.ts'
import { type ListenerOptions, type NodeAddress, type NodeProperties, serverProperties } from './server-properties.ts'
import { TestNode } from './test-node.ts'
import { WatchedProcesses } from './watched-processes.ts'

export { BrokerStartError, NoBrokerEngineError } from './errors.ts'
export type { ListenerOptions } from './server-properties.ts'
export type { TestNode } from './test-node.ts'

// A port that was free when we looked may be taken when the broker binds it.
const MAX_START_ATTEMPTS = 3
const PORT_TAKEN = /Address already in use|port is already allocated/

export interface BrokerOptions {
  /** Default 1. */
  readonly nodes?: 1 | 3
  /** Client port of the first node, the others follow; default: any free ports. */
  readonly port?: number
  /** Kafka broker properties over those of server-properties.ts. */
  readonly properties?: NodeProperties
  /** Listeners that each node has beside the plain one. */
  readonly listeners?: readonly ListenerOptions[]
}

export interface TestBroker extends AsyncDisposable {
  /** "127.0.0.1:PORT,...": what clients take as their brokers. */
  readonly bootstrap: string
  /** The same for a listener of `BrokerOptions.listeners`. */
  address(listener: string): string
  /** Empty for a cluster that runs by itself (KAFKA_BROKERS): it cannot be killed from here. */
  readonly nodes: readonly TestNode[]
  /** Kills the nodes and removes their data. May be called twice. */
  close(): Promise<void>
}

/**
 * Starts a broker of our own, which ends with this process, however that ends. Its data is in a temporary folder.
 *
 * @throws NoBrokerEngineError `BROKER_NO_ENGINE`: neither Docker nor Java and Maven are there.
 * @throws BrokerStartError `BROKER_START`: a port is taken, or a node did not start; the message has the end of its log.
 * @example
 * await using broker = await startBroker({ nodes: 3 })
 * await broker.nodes[0].kill('SIGKILL')
 * await broker.nodes[0].restart()
 */
export async function startBroker(options: BrokerOptions = {}): Promise<TestBroker> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options)
    } catch (error) {
      const portTaken = error instanceof BrokerStartError && PORT_TAKEN.test(error.message)
      if (!portTaken || attempt === MAX_START_ATTEMPTS || options.port !== undefined) throw error
    }
  }
}

/** The cluster that KAFKA_BROKERS names, else `startBroker()`. */
export async function findBroker(): Promise<TestBroker> {
  const bootstrap = process.env.KAFKA_BROKERS
  if (!bootstrap) return await startBroker()
  const close = async () => {}
  const address = (listener: string): string => {
    throw new BrokerStartError(`The cluster that KAFKA_BROKERS names has no listener ${listener} of ours`)
  }
  return { bootstrap, address, nodes: [], close, [Symbol.asyncDispose]: close }
}

async function startOnce({
  nodes: nodeCount = 1,
  port,
  properties = {},
  listeners = [],
}: BrokerOptions): Promise<TestBroker> {
  const clientPorts =
    port === undefined ? await freePorts(nodeCount) : Array.from({ length: nodeCount }, (_, index) => port + index)
  await assertPortsFree(clientPorts)
  const makeEngine = await chooseEngine()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  const engine = makeEngine(folder)
  const processes = new WatchedProcesses(folder, engine.cleanup(nodeCount))
  try {
    const addresses = await withListeners(await engine.addresses(clientPorts), listeners)
    const configured = addresses.map((address) =>
      serverProperties(address, addresses, engine.dataFolder(address), properties),
    )
    await engine.prepare(addresses, configured)
    const nodes = addresses.map((address, index) => {
      const logFile = join(folder, `node-${address.nodeId}.log`)
      return new TestNode(address, configured[index]!, engine, processes, logFile)
    })
    await Promise.all(nodes.map((node) => node.start()))
    const close = () => processes.close()
    const bootstrap = onLocalhost(clientPorts)
    const address = (listener: string): string =>
      onLocalhost(
        addresses.flatMap((node) => node.listeners!.filter(({ name }) => name === listener)).map((at) => at.port),
      )
    return { bootstrap, address, nodes, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await processes.close()
    throw error
  }
}

async function withListeners(
  addresses: readonly NodeAddress[],
  listeners: readonly ListenerOptions[],
): Promise<NodeAddress[]> {
  const ports = await freePorts(addresses.length * listeners.length)
  return addresses.map((address, node) => ({
    ...address,
    listeners: listeners.map((listener, i) => ({ ...listener, port: ports[node * listeners.length + i]! })),
  }))
}

function onLocalhost(ports: readonly number[]): string {
  return ports.map((port) => `127.0.0.1:${port}`).join(',')
}

async function chooseEngine(): Promise<(folder: string) => Engine> {
  const docker = await missingForDocker()
  if (docker === undefined) return () => new DockerEngine()
  const java = await missingForJava()
  if (java === undefined) return (folder) => new JavaEngine(folder)
  throw new NoBrokerEngineError([docker, java])
}
