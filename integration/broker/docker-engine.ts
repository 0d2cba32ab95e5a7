import { randomBytes } from 'node:crypto'

import type { Engine } from './engine.ts'
import { BrokerStartError } from './errors.ts'
import { KAFKA_VERSION } from './kafka-jars.ts'
import { runToEnd } from './run-command.ts'
import { escapedValue, type NodeAddress } from './server-properties.ts'
import type { Command } from './watched-processes.ts'

const IMAGE = `apache/kafka:${KAFKA_VERSION}`
const PEER_PORT = 19_092
const CONTROLLER_PORT = 19_093
const PROBE_TIMEOUT_MS = 10_000
const PULL_TIMEOUT_MS = 300_000

/** What is missing to run the broker in Docker; undefined if nothing is. Pulls the image at the first call. */
export async function missingForDocker(): Promise<string | undefined> {
  const probe = await docker(['version', '--format', '{{.Server.Version}}'])
  if (!probe.ok) return 'no Docker engine answers'
  if ((await docker(['image', 'inspect', IMAGE])).ok) return undefined
  const pull = await docker(['pull', '--quiet', IMAGE], PULL_TIMEOUT_MS)
  return pull.ok ? undefined : `Docker, but ${IMAGE} cannot be pulled (${pull.output.trim()})`
}

async function docker(args: readonly string[], timeoutMs = PROBE_TIMEOUT_MS) {
  return await runToEnd({ command: 'docker', args }, timeoutMs)
}

/** How the image takes a property: `node.id` as KAFKA_NODE_ID. */
export function environmentName(property: string): string {
  const escaped = property.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_')
  return `KAFKA_${escaped.toUpperCase()}`
}

/** Runs each node in a container of a network of its own; the client port is published on 127.0.0.1 only. */
export class DockerEngine implements Engine {
  readonly name = 'docker'
  readonly startTimeoutMs = 120_000
  readonly #name = `millrace-${randomBytes(5).toString('hex')}`

  async addresses(clientPorts: readonly number[]): Promise<NodeAddress[]> {
    return clientPorts.map((clientPort, index) => ({
      nodeId: index + 1,
      bindHost: '0.0.0.0',
      peerHost: this.#container(index + 1),
      clientPort,
      peerPort: PEER_PORT,
      controllerPort: CONTROLLER_PORT,
    }))
  }

  dataFolder(): string {
    return '/var/lib/kafka/data'
  }

  async prepare(): Promise<void> {
    await this.#must(['network', 'create', this.#name])
  }

  command(
    { nodeId, clientPort, listeners = [] }: NodeAddress,
    properties: Record<string, string>,
    again: boolean,
  ): Command {
    const container = this.#container(nodeId)
    // The data lives in the container, so a node goes on with it when the same container starts again.
    if (again) return { command: 'docker', args: ['start', '--attach', container] }
    // The image writes the values into its properties file as they come.
    const environment = Object.entries(properties).flatMap(([key, value]) => [
      '-e',
      `${environmentName(key)}=${escapedValue(value)}`,
    ])
    const ports = [clientPort, ...listeners.map(({ port }) => port)]
    const network = ['--network', this.#name, ...ports.flatMap((port) => ['-p', `127.0.0.1:${port}:${port}`])]
    const heap = ['-e', 'KAFKA_HEAP_OPTS=-Xms256m -Xmx1g']
    return { command: 'docker', args: ['run', '--name', container, ...network, ...heap, ...environment, IMAGE] }
  }

  async signal({ nodeId }: NodeAddress, _pid: number, signal: NodeJS.Signals): Promise<void> {
    await this.#must(['kill', '--signal', signal, this.#container(nodeId)])
  }

  cleanup(nodeCount: number): Command[] {
    const containers = Array.from({ length: nodeCount }, (_, index) => this.#container(index + 1))
    return [
      { command: 'docker', args: ['rm', '--force', '--volumes', ...containers] },
      { command: 'docker', args: ['network', 'rm', this.#name] },
    ]
  }

  #container(nodeId: number): string {
    return `${this.#name}-${nodeId}`
  }

  async #must(args: readonly string[]): Promise<void> {
    const result = await docker(args)
    if (!result.ok) throw new BrokerStartError(`docker ${args.join(' ')} failed (${result.how}):\n${result.output}`)
  }
}
