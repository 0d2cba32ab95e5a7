import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerProperties, type Compose } from '../../tests/docker/compose.ts'
import { JavaEngine } from '../broker/java-engine.ts'
import { freePorts } from '../broker/ports.ts'
import { TestNode } from '../broker/test-node.ts'
import { WatchedProcesses } from '../broker/watched-processes.ts'

const ADDRESS = /(?<=\/\/|@)[\w.]*:(\d+)/g

export interface ComposeBroker extends AsyncDisposable {
  /** The addresses that the broker tells its clients, by listener. */
  readonly advertised: Readonly<Record<string, string>>
}

/** Runs the broker of docker/compose.yml by Java, with its properties and no others: hosts become 127.0.0.1, ports free ones, the data folder a temporary one. */
export async function startComposeBroker(compose: Compose): Promise<ComposeBroker> {
  const given = brokerProperties(compose)
  const ports = new Map<string, number>()
  for (const [, port] of given.listeners!.matchAll(ADDRESS)) ports.set(port!, 0)
  const free = await freePorts(ports.size)
  for (const port of ports.keys()) ports.set(port, free.pop()!)
  const adapt = (value: string) => value.replaceAll(ADDRESS, (_, port: string) => `127.0.0.1:${ports.get(port)}`)

  const folder = await mkdtemp(join(tmpdir(), 'millrace-compose-'))
  const engine = new JavaEngine(folder)
  const processes = new WatchedProcesses(folder, engine.cleanup())
  const [clientPort, peerPort, controllerPort] = [...ports.values()] as [number, number, number]
  const nodeId = Number(given['node.id'])
  const address = { nodeId, bindHost: '127.0.0.1', peerHost: '127.0.0.1', clientPort, peerPort, controllerPort }
  const properties = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, adapt(value)]))
  properties['log.dirs'] = engine.dataFolder(address)
  try {
    await engine.prepare([address], [properties])
    await new TestNode(address, properties, engine, processes, join(folder, 'node.log')).start()
  } catch (error) {
    await processes.close()
    throw error
  }
  const listeners = properties['advertised.listeners']!.split(',').map(
    (listener) => listener.split('://') as [string, string],
  )
  return { advertised: Object.fromEntries(listeners), [Symbol.asyncDispose]: () => processes.close() }
}
