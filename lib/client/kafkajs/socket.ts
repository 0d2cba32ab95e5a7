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
  // OpenSSL's own message has its source line and an address in it.
  const { library, reason } = error as { library?: string; reason?: string }
  if (library !== undefined && reason !== undefined) return reason
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

/** Whether bytes begin with an alert of TLS: what a TLS listener answers to a request in plain text. As a length it would be 352 MB. */
export function isTlsAlert(bytes: Buffer): boolean {
  return bytes[0] === 0x15 && bytes[1] === 0x03
}
