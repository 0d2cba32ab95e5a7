import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type Api, type ApiName, apis, type RequestOf, type ResponseOf } from '../../../../lib/client/protocol/apis.ts'
import { Reader, skipTaggedFields, Writer } from '../../../../lib/client/protocol/schema.ts'
import { cert, key } from './tls-fixture.ts'

/** What the broker does with a request: answers, sends these bytes as the response's body, keeps silent, or ends the connection. */
export type Answer<A extends ApiName> =
  | ResponseOf<A>
  | Buffer
  | 'silence'
  | 'close'
  | 'cut'
  | 'half a response, then cut'

type Handler = (request: any, connection: Socket) => unknown

const API_VERSIONS = 18
const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
const SASL_AUTHENTICATION_FAILED = 58

export interface FakeBrokerOptions {
  readonly nodeId?: number
  readonly tls?: boolean
  /** The bytes of SASL PLAIN that a client must send; `cut`: the connection ends there. */
  readonly saslPlain?: string
  /** What the broker says about a token in an answer that is otherwise a good one, as RFC 7628 has it; empty: nothing, the token is good. */
  readonly tokenRefusal?: string
  /** Version ranges by api name where they differ from what Millrace needs; undefined: the broker does not know the api. */
  readonly versions?: Readonly<Partial<Record<ApiName, readonly [min: number, max: number] | undefined>>>
  /** Bytes with which the broker answers whatever comes first on a connection, instead of as a broker. */
  readonly greeting?: Buffer | 'silence' | 'hang up'
}

/** A TCP server that speaks just enough of Kafka's protocol, one node a cluster unless its metadata says otherwise. */
export class FakeBroker {
  readonly requests: { readonly name: ApiName; readonly request: any }[] = []
  readonly #server: Server
  readonly #options: FakeBrokerOptions
  readonly #handlers = new Map<ApiName, Handler>()
  readonly #sockets = new Set<Socket>()
  connectionCount = 0
  /** What came as SASL OAUTHBEARER. */
  readonly tokenMessages: string[] = []

  private constructor(options: FakeBrokerOptions) {
    this.#options = options
    const onConnection = (socket: Socket) => this.#accept(socket)
    this.#server = options.tls ? createTlsServer({ cert, key }, onConnection) : createServer(onConnection)
    this.on('metadata', () => ({
      throttleTimeMs: 0,
      brokers: [{ nodeId: this.nodeId, host: '127.0.0.1', port: this.port, rack: null }],
      clusterId: 'fake',
      controllerId: this.nodeId,
      topics: [],
    }))
    this.on('heartbeat', () => ({ throttleTimeMs: 0, errorCode: 0 }))
  }

  static async start(options: FakeBrokerOptions = {}): Promise<FakeBroker> {
    const broker = new FakeBroker(options)
    broker.#server.listen(0, '127.0.0.1')
    await once(broker.#server, 'listening')
    return broker
  }

  get nodeId(): number {
    return this.#options.nodeId ?? 1
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get openConnectionCount(): number {
    return this.#sockets.size
  }

  on<A extends ApiName>(
    name: A,
    handler: (request: RequestOf<A>, connection: Socket) => Answer<A> | Promise<Answer<A>>,
  ): void {
    this.#handlers.set(name, handler as Handler)
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  #accept(socket: Socket): void {
    this.connectionCount++
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    // One request at a time, as real brokers do: the next is not looked at before this one is answered.
    let turn: Promise<void> = Promise.resolve()
    let buffered = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      if (this.#options.greeting !== undefined) {
        if (this.#options.greeting === 'hang up') socket.end()
        else if (this.#options.greeting !== 'silence') socket.write(this.#options.greeting)
        return
      }
      buffered = Buffer.concat([buffered, bytes])
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
        const end = 4 + buffered.readInt32BE(0)
        const frame = buffered.subarray(4, end)
        buffered = buffered.subarray(end)
        turn = turn.then(() => this.#serve(frame, socket))
      }
    })
  }

  async #serve(frame: Buffer, socket: Socket): Promise<void> {
    const apiKey = frame.readInt16BE(0)
    const apiVersion = frame.readInt16BE(2)
    const correlationId = frame.subarray(4, 8)
    const bodyAt = 10 + frame.readInt16BE(8) // behind the client id
    if (apiKey === API_VERSIONS && apiVersion < apis.apiVersions.version)
      return this.#respond(socket, correlationId, this.#apiVersions())
    if (apiKey === SASL_AUTHENTICATE && this.#options.saslPlain === 'cut') return void socket.end()
    if (apiKey === SASL_HANDSHAKE || apiKey === SASL_AUTHENTICATE) {
      return this.#respond(socket, correlationId, this.#sasl(apiKey, frame.subarray(bodyAt)))
    }
    const isMeant = ({ key, version }: Api<any, any>) => key === apiKey && version === apiVersion
    const found = Object.entries(apis as Record<string, Api<any, any>>).find(([, api]) => isMeant(api))
    if (found === undefined) throw new Error(`request ${apiKey} came in version ${apiVersion}`)
    const [name, api] = found
    const reader = new Reader(frame.subarray(bodyAt), api.flexible)
    if (api.flexible) skipTaggedFields(reader)
    const request = api.request.read(reader)
    if (reader.remaining !== 0) throw new Error(`${reader.remaining} bytes behind ${name}`)
    this.requests.push({ name: name as ApiName, request })

    const answer = await this.#handlers.get(name as ApiName)!(request, socket)
    if (answer === 'silence') return
    if (answer === 'close') return void socket.end()
    if (answer === 'cut') return void socket.resetAndDestroy()
    if (answer === 'half a response, then cut')
      return void socket.end(Buffer.from([0, 0, 0, 50, ...correlationId, 1, 2]))
    if (Buffer.isBuffer(answer)) return this.#respond(socket, correlationId, answer)
    const writer = new Writer(api.flexible)
    if (api.flexible) for (const byte of [1, 5, 2]) writer.int8(byte) // one tagged field of two bytes, for the client to skip
    if (api.flexible) writer.int16(0)
    api.response.write(writer, answer)
    this.#respond(socket, correlationId, writer.done())
  }

  #respond(socket: Socket, correlationId: Buffer, body: Buffer): void {
    const size = Buffer.alloc(4)
    size.writeInt32BE(4 + body.length)
    socket.write(Buffer.concat([size, correlationId, body]))
  }

  #apiVersions(): Buffer {
    const newest = new Map<number, number>()
    for (const { key, version } of Object.values(apis)) newest.set(key, Math.max(version, newest.get(key) ?? 0))
    const ranges = Object.entries(apis).map(([name, { key, version }]) => {
      // A request with two forms is listed once.
      if (version !== newest.get(key)) return undefined
      const overridden = this.#options.versions !== undefined && name in this.#options.versions
      const range = overridden ? this.#options.versions[name as ApiName] : ([0, version] as const)
      return range === undefined ? undefined : ([key, ...range] as const)
    })
    const known = [...ranges, [SASL_HANDSHAKE, 0, 1], [SASL_AUTHENTICATE, 0, 1]] as const
    const listed = known.filter((range) => range !== undefined)
    const writer = new Writer(false)
    writer.int16(0)
    writer.int32(listed.length)
    for (const range of listed) for (const number of range) writer.int16(number)
    writer.int32(0) // throttle time
    return writer.done()
  }

  #sasl(apiKey: number, body: Buffer): Buffer {
    const writer = new Writer(false)
    if (apiKey === SASL_HANDSHAKE) {
      writer.int16(0)
      writer.int32(2)
      for (const mechanism of ['PLAIN', 'OAUTHBEARER']) {
        writer.length(mechanism.length, 'int16')
        writer.raw(Buffer.from(mechanism))
      }
      return writer.done()
    }
    const { tokenRefusal } = this.#options
    if (tokenRefusal !== undefined) this.tokenMessages.push(body.subarray(4).toString())
    // A client that has read the refusal says so, and is told the same as an error.
    const refusalRead = body.subarray(4).toString() === '\x01'
    const accepted = tokenRefusal === undefined ? body.subarray(4).toString() === this.#options.saslPlain : !refusalRead
    writer.int16(accepted ? 0 : SASL_AUTHENTICATION_FAILED)
    // A careless broker: it says what was wrong.
    const message = Buffer.from(`Invalid credentials ${body.subarray(4).toString().split('\0').join(' ')}`)
    writer.length(accepted ? -1 : message.length, 'int16')
    if (!accepted) writer.raw(message)
    const content = Buffer.from(accepted ? (tokenRefusal ?? '') : '')
    writer.int32(content.length)
    writer.raw(content)
    writer.int64(0)
    return writer.done()
  }
}
