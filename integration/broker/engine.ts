import type { NodeAddress } from './server-properties.ts'
import type { Command } from './watched-processes.ts'

/** How node addresses are chosen and what is to be run for them: by Java on this machine, or in Docker containers. */
export interface Engine {
  readonly name: 'java' | 'docker'
  /** How long a node may take until it serves requests. */
  readonly startTimeoutMs: number
  /** Completes the client ports (one a node) to full addresses. */
  addresses(clientPorts: readonly number[]): Promise<NodeAddress[]>
  /** Where a node keeps its log segments, as the node itself sees it. */
  dataFolder(address: NodeAddress): string
  /** Done once before the first start: formats the data folders, makes the network. */
  prepare(addresses: readonly NodeAddress[], properties: readonly Record<string, string>[]): Promise<void>
  /** The command that runs a node in the foreground. `again`: it ran before, and goes on with its data. */
  command(address: NodeAddress, properties: Record<string, string>, again: boolean): Command
  /** Sends a signal to a running node. */
  signal(address: NodeAddress, pid: number, signal: NodeJS.Signals): Promise<void>
  /** What must be run, beside killing the processes, to leave nothing behind. */
  cleanup(nodeCount: number): Command[]
}
