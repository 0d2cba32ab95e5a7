import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Address } from './options.ts'

const KEEP_ALIVE_MS = 60_000

/** Opens a TCP or TLS connection; `onConnect` is called when it can be written to. */
export function openSocket(address: Address, ssl: boolean | ConnectionOptions, onConnect: () => void): Socket {
  const { host, port } = address
  const socket =
    ssl === false
      ? connectTcp({ host, port }, onConnect)
      : // The name that the certificate must have; an IP address must not be sent as one.
        connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...(ssl === true ? {} : ssl) }, onConnect)
  // Requests are pipelined: Nagle's algorithm would hold back each small one until the one before is acknowledged.
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  return socket
}

/** What a socket's error says; one of several addresses tried has its text in `errors`. */
export function describeSocketError(error: Error & { code?: string }): string {
  if (error instanceof AggregateError) return error.errors.map((each) => (each as Error).message).join('; ')
  return error.message || error.code || 'unknown error'
}

/**
 * Whether TLS has refused the other side, or it has refused us: a certificate that is not trusted, a protocol that is not
 * shared. What the operating system reports (ECONNRESET and the like) is not a refusal: the same connection may work later.
 */
export function isTlsRefusal(error: Error & { code?: string }): boolean {
  const code = error.code ?? ''
  return code === 'EPROTO' || !(code === '' || /^E(AI_)?[A-Z0-9]+$/.test(code))
}
