// Flow: fetcher, producer, group-member, admin → [kafkajs-wire] → link → socket
import type { ClientContext } from '../client.ts'
import { ConnectionError, UnknownNodeError } from '../errors.ts'
import { type ApiName, apis, type RequestOf, type ResponseOf } from '../protocol/apis.ts'
import type { NodeTarget, SendOptions, Wire } from '../wire.ts'
import { kafkajsConfig } from './kafkajs-config.ts'
import { createCluster, createConnection, type KafkajsCluster } from './kafkajs-internals.ts'
import { Link, type Outgoing } from './link.ts'
import { encodeRequest } from './messages.ts'
import { addressKey, type Nodes } from './nodes.ts'
import { type Address, type KafkaOptions, parseAddress } from './options.ts'
import { Reconnects } from './reconnects.ts'
import type { Secrets } from './secrets.ts'

const DEFAULT_CONNECTION_TIMEOUT_MS = 10_000

const NO_TOPICS = { topics: [], allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }

/** One set of connections to the nodes of a cluster: one to each, opened when it is first needed and again after it broke. */
export class KafkajsWire implements Wire {
  readonly #options: KafkaOptions
  readonly #context: ClientContext
  readonly #nodes: Nodes
  readonly #secrets: Secrets
  readonly #cluster: KafkajsCluster
  readonly #bootstrap: readonly Address[]
  readonly #links = new Map<string, Link>()
  readonly #reconnects: Reconnects
  /** Addresses that have answered. */
  readonly #proven = new Set<string>()
  #closing: Promise<void> | undefined

  /** @param shared - By the wires of one client: `nodes` learns from every response that passes, `secrets` from every token. */
  constructor(
    options: KafkaOptions,
    context: ClientContext,
    shared: { readonly nodes: Nodes; readonly secrets: Secrets },
  ) {
    this.#options = options
    this.#context = context
    this.#nodes = shared.nodes
    this.#secrets = shared.secrets
    this.#bootstrap = options.brokers.map(parseAddress)
    this.#reconnects = new Reconnects(context.clock)
    const openSocket = (address: Address, onConnect: () => void) => {
      const link = this.#links.get(addressKey(address))
      if (link === undefined) throw new Error('ended before it was connected')
      return link.openSocket(onConnect)
    }
    this.#cluster = createCluster(kafkajsConfig(options, context, this.#secrets, this.#connectionTimeoutMs, openSocket))
  }

  async send<A extends ApiName>(
    node: NodeTarget,
    name: A,
    request: RequestOf<A>,
    { timeoutMs = this.#options.requestTimeoutMs ?? this.#context.requestTimeoutMs }: SendOptions = {},
  ): Promise<ResponseOf<A>> {
    const deadlineMs = this.#context.clock.monotonicMs() + timeoutMs
    const outgoing = { api: apis[name], body: encodeRequest(name, request), timeoutMs, deadlineMs }
    const response = (await this.#dispatch(node, outgoing)) as ResponseOf<A>
    this.#learn(name, response)
    return response
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#links.values()].map((link) => link.close())).then(() => {})
    return this.#closing
  }

  get #connectionTimeoutMs(): number {
    return this.#options.connectionTimeoutMs ?? DEFAULT_CONNECTION_TIMEOUT_MS
  }

  // Not async: requests to a node that is known reach its link within the call, so they keep their order.
  #dispatch(node: NodeTarget, outgoing: Outgoing): Promise<unknown> {
    if (node === 'any') return this.#sendToAny(outgoing)
    const address = this.#nodes.address(node)
    return address === undefined ? this.#sendToUnknown(node, outgoing) : this.#sendTo(address, outgoing)
  }

  #sendTo(address: Address, outgoing: Outgoing): Promise<unknown> {
    const refusal = this.#refusal(address)
    if (refusal === undefined) return this.#link(address).send(outgoing)
    return Promise.reject(new ConnectionError(`${outgoing.api.name} to ${refusal.message}`, { cause: refusal }))
  }

  /** Goes through the candidates until one is connected. Each may take its share of the time that is left. */
  async #sendToAny(outgoing: Outgoing): Promise<unknown> {
    const failures: string[] = []
    const candidates = this.#candidates()
    for (const [i, address] of candidates.entries()) {
      // A process that was busy comes late.
      const leftMs = Math.max(0, outgoing.deadlineMs - this.#context.clock.monotonicMs())
      try {
        await this.#connectedWithin(address, Math.ceil(leftMs / (candidates.length - i)))
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
        failures.push(error.message)
        continue
      }
      return this.#sendTo(address, outgoing)
    }
    throw new ConnectionError(`${outgoing.api.name}: no broker can be reached. ${failures.join('; ')}`)
  }

  async #sendToUnknown(node: number, outgoing: Outgoing): Promise<unknown> {
    const timeoutMs = Math.max(1, outgoing.deadlineMs - this.#context.clock.monotonicMs())
    await this.send('any', 'metadata', NO_TOPICS, { timeoutMs }) // the answer is learned from as it passes
    const address = this.#nodes.address(node)
    if (address !== undefined) return this.#sendTo(address, outgoing)
    throw new UnknownNodeError(
      `${outgoing.api.name}: the cluster has no broker ${node}; it has ${this.#nodes.ids().join(', ') || 'none'}`,
    )
  }

  #learn<A extends ApiName>(name: A, response: ResponseOf<A>): void {
    if (name === 'metadata') this.#nodes.replace((response as ResponseOf<'metadata'>).brokers)
    if (name === 'findCoordinator') {
      const { errorCode, nodeId, host, port } = response as ResponseOf<'findCoordinator'>
      if (errorCode === 0) this.#nodes.add(nodeId, { host, port })
    }
  }

  /** Connected nodes first, then those that the cluster has named, then the bootstrap addresses. */
  #candidates(): readonly Address[] {
    const known = [...this.#nodes.addresses(), ...this.#bootstrap]
    const distinct = [...new Map(known.map((address) => [addressKey(address), address])).values()]
    const isOpen = (address: Address) => this.#links.get(addressKey(address))?.open === true
    return [...distinct.filter(isOpen), ...distinct.filter((address) => !isOpen(address))]
  }

  async #connectedWithin(address: Address, timeoutMs: number): Promise<void> {
    const refusal = this.#refusal(address)
    if (refusal !== undefined) throw refusal
    const link = this.#link(address)
    if (link.open) return
    const late = Promise.withResolvers<never>()
    const timer = this.#context.clock.setTimer(timeoutMs, () => {
      late.reject(new ConnectionError(`${this.#nodes.name(address)}: not connected within ${timeoutMs} ms`))
    })
    try {
      await Promise.race([link.connected(), late.promise])
    } finally {
      timer.cancel()
    }
  }

  #refusal(address: Address): ConnectionError | undefined {
    const key = addressKey(address)
    return this.#links.has(key) ? undefined : this.#reconnects.refusal(key)
  }

  #link(address: Address): Link {
    if (this.#closing !== undefined) throw closedError()
    const key = addressKey(address)
    const known = this.#links.get(key)
    if (known !== undefined) return known
    const link: Link = new Link({
      address,
      name: () => this.#nodes.name(address),
      create: () => createConnection(this.#cluster, address),
      ssl: this.#options.ssl ?? false,
      connectionTimeoutMs: this.#connectionTimeoutMs,
      answeredBefore: this.#proven.has(key),
      clock: this.#context.clock,
      secrets: this.#secrets,
      onEnd: () => {
        if (link.answered) this.#proven.add(key)
        if (this.#links.get(key) === link) this.#links.delete(key)
      },
    })
    this.#links.set(key, link)
    link.connected().then(
      () => this.#reconnects.succeeded(key),
      (error: unknown) => this.#reconnects.failed(key, error),
    )
    return link
  }
}

function closedError(): ConnectionError {
  return new ConnectionError('the client was closed')
}
