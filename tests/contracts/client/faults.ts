// Faults between a client and its cluster, the same for every implementation of Wire.
import { ConnectionError } from '../../../lib/client/errors.ts'
import type { ApiName, RequestOf, ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { inEitherVersion } from '../../../lib/client/transaction-version.ts'
import type { NodeTarget, SendOptions, Wire, WireFactory } from '../../../lib/client/wire.ts'

/**
 * - `pass`: nothing happens to the request.
 * - `lose-request`: the connection breaks before the cluster has seen it.
 * - `lose-response`: the cluster acts on it; then the connection breaks.
 * - a response: given in place of the cluster, which never sees the request.
 */
export type Fault<A extends ApiName = ApiName> = 'pass' | 'lose-request' | 'lose-response' | ResponseOf<A>

/** Decides the fate of each request, in the order of the calls; requests of both versions of transactions go by the names of version 1. */
export type FaultRule = <A extends ApiName>(api: A, request: RequestOf<A>) => Fault<A>

export function faultyWires(wires: WireFactory, rule: FaultRule): WireFactory {
  return { open: (purpose) => new FaultyWire(wires.open(purpose), rule) }
}

/** A rule for one kind of request; each call of `fate` is the next such request. */
export function faultsIn<A extends ApiName>(
  api: A,
  fate: (request: RequestOf<A>, count: number) => Fault<A>,
): FaultRule {
  let count = 0
  return ((name: ApiName, request: RequestOf<A>) => (name === api ? fate(request, ++count) : 'pass')) as FaultRule
}

class FaultyWire implements Wire {
  readonly #wire: Wire
  readonly #rule: FaultRule

  constructor(wire: Wire, rule: FaultRule) {
    this.#wire = wire
    this.#rule = rule
  }

  async send<A extends ApiName>(
    node: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options?: SendOptions,
  ): Promise<ResponseOf<A>> {
    const fault = this.#rule(inEitherVersion(api) as A, request)
    if (fault === 'lose-request') throw new ConnectionError('the test cut the connection before the request')
    if (fault !== 'pass' && fault !== 'lose-response') return fault
    const response = await this.#wire.send(node, api, request, options)
    if (fault === 'lose-response') throw new ConnectionError('the test cut the connection before the response')
    return response
  }

  close(): Promise<void> {
    return this.#wire.close()
  }
}
