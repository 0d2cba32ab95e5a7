// Flow: client code over Wire → [memory wire] → connections → nodes.
import { ConnectionError, UnknownNodeError } from '../errors.ts'
import type { ApiName, RequestOf, ResponseOf } from '../protocol/apis.ts'
import type { NodeTarget, SendOptions, Wire, WirePurpose } from '../wire.ts'
import type { BrokerState, Handler } from './broker-state.ts'
import { Connection } from './connection.ts'
import type { AnyResponse, Exchange, Faults } from './faults.ts'
import type { Handlers } from './handlers/index.ts'

const REQUEST_TIMEOUT_MS = 30_000
/** The node that stands for the bootstrap addresses. */
const BOOTSTRAP_NODE = 1

/** What all wires of a cluster share. */
export interface WireContext {
  readonly state: BrokerState
  readonly handlers: Handlers
  readonly faults: Faults
}

/** A wire to a cluster in this process: one connection per node, and one more for fetches, which would park what is behind them. */
export class MemoryWire implements Wire {
  readonly #context: WireContext
  readonly #purpose: WirePurpose
  readonly #clientId: string
  readonly #connections = new Map<number, Connection>()
  readonly #fetchConnections = new Map<number, Connection>()
  #isClosed = false

  constructor(context: WireContext, purpose: WirePurpose, clientId: string) {
    this.#context = context
    this.#purpose = purpose
    this.#clientId = clientId
  }

  async send<A extends ApiName>(
    target: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options?: SendOptions,
  ): Promise<ResponseOf<A>> {
    const node = target === 'any' ? BOOTSTRAP_NODE : target
    if (this.#isClosed) throw new ConnectionError(`${api} was not sent: the wire is closed.`)
    const { state, handlers, faults } = this.#context
    if (!state.placement.isNode(node)) {
      throw new UnknownNodeError(`${api} was not sent: the cluster has no node ${node}; refresh the metadata.`)
    }
    const clientId = this.#clientId
    const fault = faults.for({ clientId, purpose: this.#purpose, node, api, request } as Exchange)
    const ask = (respond: (response: AnyResponse) => void): (() => void) | undefined => {
      const handler: Handler<A> = handlers[api]
      return handler(request, { node, clientId }, respond)
    }
    const timeoutMs = options?.timeoutMs ?? REQUEST_TIMEOUT_MS
    const response = await this.#connection(node, api).send(api, timeoutMs, fault, ask)
    return response as ResponseOf<A>
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const connections of [this.#connections, this.#fetchConnections]) {
      for (const connection of connections.values()) connection.break('the wire was closed')
      connections.clear()
    }
    return Promise.resolve()
  }

  #connection(node: number, api: ApiName): Connection {
    const connections = api === 'fetch' ? this.#fetchConnections : this.#connections
    let connection = connections.get(node)
    if (connection === undefined || connection.isBroken) {
      const { clock, settings } = this.#context.state
      connection = new Connection(clock, settings.latencyMs, `node ${node}`)
      connections.set(node, connection)
    }
    return connection
  }
}
