import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

import { BrokerStartError } from './errors.ts'

const LOCALHOST = '127.0.0.1'

async function listen(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, LOCALHOST)
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port')
  return address.port
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

/** Ports of 127.0.0.1 that nobody listens on now. Somebody may take one a moment later: callers try again. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(close))
  return ports
}

/** @throws BrokerStartError if somebody listens on one of the ports, naming it. */
export async function assertPortsFree(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    try {
      await close(await listen(port))
    } catch (error) {
      throw new BrokerStartError(
        `Port ${port} of ${LOCALHOST} cannot be used (${(error as NodeJS.ErrnoException).code}): ` +
          'stop what listens there or choose another port.',
        { cause: error },
      )
    }
  }
}
