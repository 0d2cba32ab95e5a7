import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { formatCommand, formatDataFolders } from './data-folder.ts'
import type { Engine } from './engine.ts'
import { BrokerStartError } from './errors.ts'
import { hasKafkaJars, kafkaJars } from './kafka-jars.ts'
import { freePorts } from './ports.ts'
import { runToEnd } from './run-command.ts'
import { type NodeAddress, propertiesText } from './server-properties.ts'
import type { Command } from './watched-processes.ts'

const MINIMUM_JAVA = 17
const PROBE_TIMEOUT_MS = 30_000
const FORMAT_TIMEOUT_MS = 60_000
const LOG_CONFIGURATION = fileURLToPath(new URL('./log4j2.properties', import.meta.url))

/** How Java is started. */
export function javaCommand(): string {
  const { JAVA_HOME } = process.env
  return JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java'
}

/** What is missing to run the broker by Java; undefined if nothing is. */
export async function missingForJava(): Promise<string | undefined> {
  const java = await runToEnd({ command: javaCommand(), args: ['-version'] }, PROBE_TIMEOUT_MS)
  if (!java.ok) return `no Java (${java.how})`
  const major = Number(/version "(\d+)/.exec(java.output)?.[1])
  if (!(major >= MINIMUM_JAVA)) return `Java ${major}, which is older than ${MINIMUM_JAVA}`
  if (await hasKafkaJars()) return undefined
  const maven = await runToEnd({ command: 'mvn', args: ['-v'] }, PROBE_TIMEOUT_MS)
  return maven.ok ? undefined : `Java ${major}, but no Maven (${maven.how})`
}

/** Runs the real broker from Maven Central as Java processes; everything lives in `folder`. */
export class JavaEngine implements Engine {
  readonly name = 'java'
  readonly startTimeoutMs = 90_000
  readonly #folder: string
  #jars = ''

  constructor(folder: string) {
    this.#folder = folder
  }

  async addresses(clientPorts: readonly number[]): Promise<NodeAddress[]> {
    const ports = await freePorts(2 * clientPorts.length)
    return clientPorts.map((clientPort, index) => ({
      nodeId: index + 1,
      bindHost: '127.0.0.1',
      peerHost: '127.0.0.1',
      clientPort,
      peerPort: ports[2 * index]!,
      controllerPort: ports[2 * index + 1]!,
    }))
  }

  dataFolder({ nodeId }: NodeAddress): string {
    return join(this.#folder, `node-${nodeId}`, 'data')
  }

  async prepare(addresses: readonly NodeAddress[], properties: readonly Record<string, string>[]): Promise<void> {
    this.#jars = await kafkaJars()
    for (const [index, address] of addresses.entries()) {
      const file = this.#propertiesFile(address)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, propertiesText(properties[index]!))
    }
    const folders = addresses.map((address) => ({ folder: this.dataFolder(address), nodeId: address.nodeId }))
    await formatDataFolders(folders, `${this.#jars}.bootstrap`, () => this.#format(addresses[0]!))
  }

  async #format(address: NodeAddress): Promise<void> {
    const format = formatCommand(this.#propertiesFile(address))
    const result = await runToEnd(this.#java(['-XX:TieredStopAtLevel=1', '-Xmx256m'], format), FORMAT_TIMEOUT_MS)
    if (!result.ok) {
      throw new BrokerStartError(`The broker's data folder could not be formatted (${result.how}):\n${result.output}`)
    }
  }

  command(address: NodeAddress): Command {
    // What brokers of tests are started with, on top: see global-setup.ts.
    const further = process.env.MILLRACE_BROKER_JVM?.split(' ') ?? []
    const heap = ['-Xms256m', '-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:+ExitOnOutOfMemoryError']
    return this.#java([...heap, ...further], ['kafka.Kafka', this.#propertiesFile(address)])
  }

  async signal(_address: NodeAddress, pid: number, signal: NodeJS.Signals): Promise<void> {
    process.kill(pid, signal)
  }

  cleanup(): Command[] {
    return []
  }

  #propertiesFile({ nodeId }: NodeAddress): string {
    return join(this.#folder, `node-${nodeId}`, 'server.properties')
  }

  #java(options: readonly string[], program: readonly string[]): Command {
    const settings = ['-Djava.awt.headless=true', '-Djava.net.preferIPv4Stack=true']
    const logging = `-Dlog4j2.configurationFile=${LOG_CONFIGURATION}`
    return {
      command: javaCommand(),
      args: [...options, ...settings, logging, '-cp', join(this.#jars, '*'), ...program],
    }
  }
}
