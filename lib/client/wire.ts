import type { ApiName, RequestOf, ResponseOf } from './protocol/apis.ts'

/**
 * A node id of the cluster, or `'any'` for a request that every node answers (metadata, finding a coordinator).
 * A wire resolves `'any'` to a node that it can reach, starting with the bootstrap addresses.
 */
export type NodeTarget = number | 'any'

export interface SendOptions {
  /** How long to wait for the response, in milliseconds. Default: the wire's request time-out. */
  readonly timeoutMs?: number
}

/**
 * Requests and responses between this process and the cluster's nodes: the one seam between Millrace's client code and a network.
 *
 * A wire is one set of sockets, so that a request which the broker parks (a long fetch, a JoinGroup) delays none that was sent
 * over another wire. Requests to one node are sent, and answered, in the order of the `send` calls. Error codes inside a
 * response are the caller's business; a wire rejects only when there is no response.
 */
export interface Wire {
  /**
   * Sends one request and resolves with its decoded response.
   *
   * @throws ConnectionError `STREAMS_CONNECTION`: the node cannot be reached, or the connection broke: the outcome is unknown.
   * @throws RequestTimeoutError `STREAMS_REQUEST_TIMEOUT`: no response in time: the outcome is unknown.
   * @throws UnknownNodeError `STREAMS_UNKNOWN_NODE`: no such node in the metadata that the wire has seen.
   * @throws AuthenticationError `STREAMS_AUTHENTICATION`: refused by TLS or SASL; never retried.
   * @throws UnsupportedBrokerError `STREAMS_UNSUPPORTED_BROKER`: the broker does not speak the version that Millrace needs.
   */
  send<A extends ApiName>(
    node: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options?: SendOptions,
  ): Promise<ResponseOf<A>>
  /** Closes the sockets; requests under way reject with ConnectionError. Closing twice does nothing. */
  close(): Promise<void>
}

/** What a wire is for. Each purpose gets sockets of its own; see Wire. */
export type WirePurpose = 'group' | 'fetch' | 'restore' | 'produce' | 'admin'

/** Opens wires to one cluster. */
export interface WireFactory {
  open(purpose: WirePurpose): Wire
}
