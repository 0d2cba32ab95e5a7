// Flow: kafkajs-wire → [link] → kafkajs's connection → socket
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Clock, Timer } from '../../core/clock.ts'
import type { StreamsError } from '../../core/errors.ts'
import { StateMachine } from '../../core/state-machine.ts'
import { AuthenticationError, ConnectionError, RequestTimeoutError, UnsupportedBrokerError } from '../errors.ts'
import type { Api } from '../protocol/apis.ts'
import { connectFailure, type Failure, responseFailure, socketFailure } from './failures.ts'
import {
  type KafkajsBroker,
  type KafkajsConnection,
  paceReauthentication,
  tameRequestQueue,
  versionsOf,
} from './kafkajs-internals.ts'
import { decodeResponse } from './messages.ts'
import type { Address } from './options.ts'
import type { Secrets } from './secrets.ts'
import { isTlsAlert, openSocket } from './socket.ts'

type AnyApi = Api<any, any>

/** Requests on their way to one node. Their senders stop long before; beyond it something is wrong with them. */
const MAX_CALLS = 10_000

/** A request that has been encoded. */
export interface Outgoing {
  readonly api: AnyApi
  readonly body: Buffer
  /** How long its sender waits in all, for the error. */
  readonly timeoutMs: number
  /** When the waiting ends, on the clock's monotonic time. */
  readonly deadlineMs: number
}

interface Call {
  readonly api: AnyApi
  readonly body: Buffer
  readonly resolve: (response: unknown) => void
  readonly reject: (error: StreamsError) => void
  timer: Timer | undefined
}

export interface LinkOptions {
  readonly address: Address
  /** Names the node in errors; asked each time, because the cluster's metadata may come later. */
  readonly name: () => string
  readonly create: () => Promise<{ readonly broker: KafkajsBroker; readonly connection: KafkajsConnection }>
  readonly ssl: boolean | ConnectionOptions
  readonly connectionTimeoutMs: number
  /** An earlier connection to this address was answered: TLS and credentials are as they should be. */
  readonly answeredBefore: boolean
  readonly clock: Clock
  readonly secrets: Secrets
  readonly onEnd: () => void
}

/**
 * One connection to one node: from the attempt to connect to its end, after which a new link takes its place.
 *
 *   CONNECTING ──► OPEN ──► ENDED
 *        └────────────────────▲
 *
 * Requests made while it connects wait and go out in order. A link keeps account of its requests and of its socket itself: a
 * kafkajs connection that is closing still takes requests, and then never answers them.
 */
export class Link {
  readonly #options: LinkOptions
  readonly #state = new StateMachine<'CONNECTING' | 'OPEN' | 'ENDED'>('a connection', 'CONNECTING', {
    CONNECTING: ['OPEN', 'ENDED'],
    OPEN: ['ENDED'],
    ENDED: [],
  })
  /** Waiting to be sent or for their response, in the order of `send`. */
  readonly #calls = new Set<Call>()
  readonly #connected = Promise.withResolvers<void>()
  #closed: Promise<void> = Promise.resolve()
  #connection: KafkajsConnection | undefined
  #versions: ReturnType<typeof versionsOf> = {}
  #socket: Socket | undefined
  #touched = false
  #reached = false
  #answered: boolean
  #failure: Failure | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#answered = options.answeredBefore
    this.#connected.promise.catch(() => {}) // each send that fails says so itself
    void this.#connect()
  }

  get open(): boolean {
    return this.#state.is('OPEN')
  }

  /** Whether this address has ever answered a request. */
  get answered(): boolean {
    return this.#answered
  }

  /** Resolves when requests can be sent, rejects when the link has ended. */
  connected(): Promise<void> {
    return this.#connected.promise
  }

  /** @returns The response, or an error as Wire.send describes them. */
  send({ api, body, timeoutMs, deadlineMs }: Outgoing): Promise<unknown> {
    const { clock } = this.#options
    return new Promise((resolve, reject) => {
      const call: Call = { api, body, resolve, reject, timer: undefined }
      if (this.#failure !== undefined) return reject(this.#error(this.#failure, api))
      if (this.#calls.size >= MAX_CALLS) {
        const reason = `${MAX_CALLS} requests wait for an answer already`
        return reject(this.#error({ as: ConnectionError, reason }, api))
      }
      const leftMs = Math.max(0, deadlineMs - clock.monotonicMs())
      call.timer = clock.setTimer(leftMs, () => void this.#timeOut(call, timeoutMs))
      this.#calls.add(call)
      if (this.open) this.#transmit(call)
    })
  }

  /** Ends the link; its requests reject with ConnectionError. Resolves when the socket is closed. */
  close(): Promise<void> {
    this.#end({ as: ConnectionError, reason: 'the client was closed' })
    return this.#closed
  }

  /** Called by kafkajs when it wants to connect. */
  openSocket(onConnect: () => void): Socket {
    if (this.#failure !== undefined) throw new Error('ended before it was connected')
    const { address, ssl } = this.#options
    const socket = openSocket(address, ssl, onConnect)
    this.#socket = socket
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    // These come before kafkajs's own listeners.
    socket.on('connect', () => {
      this.#touched = true
    })
    socket.on(ssl === false ? 'connect' : 'secureConnect', () => {
      this.#reached = true
    })
    socket.on('error', (error) => {
      const failure = socketFailure(error, ssl !== false, this.open)
      this.#end(failure.as === ConnectionError ? { ...failure, reason: `${failure.reason}${this.#hint()}` } : failure)
    })
    socket.on('end', () =>
      this.#end({ as: ConnectionError, reason: `the broker closed the connection${this.#hint()}` }),
    )
    socket.on('close', () => this.#end({ as: ConnectionError, reason: 'the connection was closed' }))
    return socket
  }

  async #connect(): Promise<void> {
    const { clock, connectionTimeoutMs, create, secrets } = this.#options
    const timer = clock.setTimer(connectionTimeoutMs, () => {
      this.#end({ as: ConnectionError, reason: `not connected within ${connectionTimeoutMs} ms${this.#hint()}` })
    })
    try {
      const { broker, connection } = await create()
      tameRequestQueue(connection)
      paceReauthentication(connection)
      this.#guardAgainstForeignBytes(connection)
      await broker.connect()
      if (this.#failure !== undefined) return
      this.#versions = versionsOf(broker)
      this.#connection = connection
      this.#state.transitionTo('OPEN')
      this.#connected.resolve()
      for (const call of this.#calls) this.#transmit(call)
    } catch (error) {
      this.#end(connectFailure(error, secrets))
    } finally {
      timer.cancel()
    }
  }

  // kafkajs reads what comes from the socket in the socket's event: what it throws there would end the process.
  #guardAgainstForeignBytes(connection: KafkajsConnection): void {
    const processData = connection.processData.bind(connection)
    connection.processData = (bytes) => {
      if (!this.#answered && isTlsAlert(bytes)) {
        const reason = 'the broker answers with TLS. Check the option `ssl`: this listener expects it.'
        this.#end({ as: AuthenticationError, reason })
        return
      }
      try {
        processData(bytes)
      } catch (error) {
        this.#end({ as: ConnectionError, reason: `what came is no Kafka response (${(error as Error).message})` })
      }
    }
  }

  #transmit(call: Call): void {
    const { api, body } = call
    const unsupported = this.#whyUnsupported(api)
    if (unsupported !== undefined) {
      if (this.#settle(call)) call.reject(this.#error({ as: UnsupportedBrokerError, reason: unsupported }, api))
      return
    }
    const encoded = { buf: body, buffer: body, size: () => body.length }
    this.#connection!.send({
      request: { apiKey: api.key, apiVersion: api.version, apiName: api.name, encode: async () => encoded },
      response: { decode: async (payload) => decodeResponse(api, payload), parse: async (response) => response },
      logResponseError: false,
    }).then(
      (response) => {
        this.#answered = true
        if (this.#settle(call)) call.resolve(response)
      },
      (error) => this.#end(responseFailure(error, api, this.#options.secrets)),
    )
  }

  #whyUnsupported({ key, name, version }: AnyApi): string | undefined {
    const range = this.#versions[key]
    if (range === undefined)
      return `the broker does not know this request; Millrace needs version ${version} of ${name}`
    if (version >= range.minVersion && version <= range.maxVersion) return undefined
    return (
      `Millrace needs version ${version} of ${name}, the broker has ${range.minVersion} to ${range.maxVersion}. ` +
      (version > range.maxVersion ? 'Use Kafka 3.1 or newer.' : 'Use a newer version of Millrace.')
    )
  }

  async #timeOut(call: Call, timeoutMs: number): Promise<void> {
    // If the process was busy, the response may lie in the socket's buffer: timers come first, then the network.
    await this.#options.clock.yield()
    if (!this.#settle(call)) return
    if (!this.open) {
      call.reject(this.#error({ as: ConnectionError, reason: `not connected within ${timeoutMs} ms` }, call.api))
      return
    }
    call.reject(this.#error({ as: RequestTimeoutError, reason: `no answer within ${timeoutMs} ms` }, call.api))
    // Answers come in order, and a host that is gone closes nothing: only a new connection shows whether it is there.
    this.#end({
      as: ConnectionError,
      reason: `given up, because ${call.api.name} got no answer within ${timeoutMs} ms`,
    })
  }

  /** Takes the call off the list. False: it has had its answer. */
  #settle(call: Call): boolean {
    call.timer?.cancel()
    return this.#calls.delete(call)
  }

  #end(failure: Failure): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#state.transitionTo('ENDED')
    this.#connected.reject(this.#error(failure))
    for (const call of this.#calls) if (this.#settle(call)) call.reject(this.#error(failure, call.api))
    // With an error, because kafkajs does not listen for a plain close, and would keep its timers.
    this.#socket?.destroy(new Error(failure.reason))
    this.#options.onEnd()
  }

  #error(failure: Failure, api?: AnyApi): StreamsError {
    const name = this.#options.name()
    const what = api === undefined ? name : `${api.name} to ${name}`
    return new failure.as(`${what}: ${failure.reason}`, failure.cause === undefined ? {} : { cause: failure.cause })
  }

  /** What often explains that a broker says nothing. */
  #hint(): string {
    if (!this.#touched || this.#answered) return ''
    if (!this.#reached) return ' during the TLS handshake: its listener may not speak TLS (option `ssl`)'
    return this.open
      ? ' before it answered a request: its listener may expect credentials (option `sasl`)'
      : ' before it answered: its listener may expect TLS, or none (option `ssl`)'
  }
}
