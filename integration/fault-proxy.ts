// A network between clients and one broker that can be made as bad as a test needs it, at any moment, and that counts what it does.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type ApiName, apis } from '../lib/client/protocol/apis.ts'
import { ProxiedConnection } from './fault-proxy/connection.ts'
import type { RequestHeader } from './fault-proxy/frames.ts'
import { type Conditions, clearConditions, Line, type LineEvents } from './fault-proxy/line.ts'
import { Rule, type RuleOptions } from './fault-proxy/rule.ts'

export type { Conditions } from './fault-proxy/line.ts'
export type { Fate, Rule, RuleOptions } from './fault-proxy/rule.ts'

const HOST = '127.0.0.1'

/** - `forward`: as a proxy does. - `refuse`: closed with a reset at once. - `ignore`: taken, and never answered. */
export type Accepting = 'forward' | 'refuse' | 'ignore'

/** Of the whole life of the proxy. */
export interface FaultCounts {
  /** Connections that clients have opened, also those refused and ignored. */
  connections: number
  refused: number
  ignored: number
  /** Connections cut, for whatever reason. */
  cut: number
  halfClosed: number
  delayedChunks: number
  throttledPieces: number
  swallowedBytes: number
}

/**
 * A TCP proxy on 127.0.0.1 in front of one broker. What it does to the network holds for open and new connections alike, until `heal()`.
 *
 * @example
 * await using proxy = await FaultProxy.open()
 * await using broker = await startBroker({
 *   properties: (node) => {
 *     proxy.forwardTo(node.clientPort)
 *     return { 'advertised.listeners': advertisedListeners(node, proxy.port) }
 *   },
 * })
 * const lost = proxy.rule({ api: 'endTxn', fate: 'lose-response' })
 * // … a client of proxy.address commits …
 * expect(lost.acted).toBe(1)
 */
export class FaultProxy implements AsyncDisposable {
  readonly counts: FaultCounts = {
    connections: 0,
    refused: 0,
    ignored: 0,
    cut: 0,
    halfClosed: 0,
    delayedChunks: 0,
    throttledPieces: 0,
    swallowedBytes: 0,
  }
  accepting: Accepting = 'forward'
  readonly #server: Server
  readonly #conditions = { toBroker: clearConditions(), toClient: clearConditions() }
  readonly #connections = new Set<ProxiedConnection>()
  /** Every socket that is open, so that none outlives the proxy. */
  readonly #sockets = new Set<Socket>()
  readonly #requests = new Map<number, number>()
  #rules: Rule[] = []
  #targetPort = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#accept(socket))
  }

  static async open(): Promise<FaultProxy> {
    // Half-open: that one side has ended says nothing of the other.
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    server.listen(0, HOST)
    await once(server, 'listening')
    return new FaultProxy(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `${HOST}:${this.port}`
  }

  /** Connections that are forwarded now. */
  get openConnections(): number {
    return this.#connections.size
  }

  /** The port of 127.0.0.1 where new connections lead. */
  forwardTo(port: number): void {
    this.#targetPort = port
  }

  /** How many requests of this kind clients have sent. */
  requests(api: ApiName): number {
    return this.#requests.get(apis[api].key) ?? 0
  }

  /** From now on the given conditions hold, besides those that do already. */
  worsen(conditions: { readonly toBroker?: Partial<Conditions>; readonly toClient?: Partial<Conditions> }): void {
    Object.assign(this.#conditions.toBroker, conditions.toBroker)
    Object.assign(this.#conditions.toClient, conditions.toClient)
  }

  /** Nothing passes in either direction, and nobody is told. Connections that lose bytes stay dead when the network heals. */
  blackHole(): void {
    this.worsen({ toBroker: { blackHole: true }, toClient: { blackHole: true } })
  }

  /** From now on requests of one kind meet a fate. The first rule that takes a request decides. */
  rule(options: RuleOptions): Rule {
    const rule = new Rule(options)
    this.#rules.push(rule)
    return rule
  }

  /** Cuts every connection. Returns how many there were. */
  cutAll(how: 'fin' | 'reset' = 'reset'): number {
    const count = this.#connections.size
    for (const connection of this.#connections) connection.cut(how)
    return count
  }

  /** On every connection, tells one side that nothing more will come. */
  halfCloseAll(towards: 'client' | 'broker'): number {
    for (const connection of this.#connections) connection.halfClose(towards)
    this.counts.halfClosed += this.#connections.size
    return this.#connections.size
  }

  /** No conditions and no rules any more; new connections are forwarded. Those that were ignored, or have lost bytes, stay dead. */
  heal(): void {
    this.accepting = 'forward'
    this.worsen({ toBroker: clearConditions(), toClient: clearConditions() })
    this.#rules = []
  }

  /** Resolves when the port and every socket is closed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.cut()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(client: Socket): void {
    this.counts.connections++
    this.#own(client)
    if (this.accepting === 'refuse') {
      this.counts.refused++
      client.resetAndDestroy()
    } else if (this.accepting === 'ignore') {
      this.counts.ignored++
      client.resume()
    } else this.#forward(client)
  }

  #forward(client: Socket): void {
    const broker = connect({ host: HOST, port: this.#targetPort, allowHalfOpen: true, noDelay: true })
    this.#own(broker)
    const { counts } = this
    const events: LineEvents = {
      onDelayed: () => void counts.delayedChunks++,
      onThrottled: () => void counts.throttledPieces++,
      onSwallowed: (byteCount) => {
        counts.swallowedBytes += byteCount
      },
      onCut: () => connection.cut(),
    }
    const connection: ProxiedConnection = new ProxiedConnection({
      client,
      broker,
      toBroker: new Line(client, broker, this.#conditions.toBroker, events),
      toClient: new Line(broker, client, this.#conditions.toClient, events),
      onRequest: (header) => this.#onRequest(header),
      onCut: () => void counts.cut++,
      onClose: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #onRequest(header: RequestHeader): Rule | undefined {
    this.#requests.set(header.apiKey, (this.#requests.get(header.apiKey) ?? 0) + 1)
    return this.#rules.find((rule) => rule.takes(header))
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {}) // what it means is the connection's business
  }
}
