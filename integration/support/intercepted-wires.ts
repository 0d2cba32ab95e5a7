// Wires whose requests a test sees, counts, and may hold: to let a node die at a chosen step of the protocol, and to prove that it did.
import type { ApiName, RequestOf, ResponseOf } from '../../lib/client/protocol/apis.ts'
import { errorName } from '../../lib/client/protocol/error-codes.ts'
import { inEitherVersion } from '../../lib/client/transaction-version.ts'
import type { NodeTarget, SendOptions, Wire, WireFactory } from '../../lib/client/wire.ts'

/** Passes a request on by calling `send`, or does not; what it resolves with, or rejects with, is what the client gets. */
export type Interceptor<A extends ApiName> = (
  send: () => Promise<ResponseOf<A>>,
  request: RequestOf<A>,
  node: NodeTarget,
) => Promise<ResponseOf<A>>

/** Requests of either version of transactions go by the names of version 1. */
export class InterceptedWires implements WireFactory {
  readonly #wires: WireFactory
  readonly #interceptors = new Map<ApiName, Interceptor<ApiName>>()
  readonly #underWay = new Map<string, number>()
  /** Error codes that nodes have answered with: `produce NOT_LEADER_OR_FOLLOWER`, and how often. */
  readonly answered = new Map<string, number>()
  /** Requests without an answer, by the error's code: `fetch STREAMS_CONNECTION`, and how often. */
  readonly unanswered = new Map<string, number>()

  constructor(wires: WireFactory) {
    this.#wires = wires
  }

  open(purpose: Parameters<WireFactory['open']>[0]): Wire {
    const wire = this.#wires.open(purpose)
    return {
      send: (node, api, request, options) => this.#send(wire, node, api, request, options),
      close: () => wire.close(),
    }
  }

  /** The next request of this kind goes through the interceptor; those after it pass. */
  interceptNext<A extends ApiName>(api: A, interceptor: Interceptor<A>): void {
    this.#interceptors.set(api, interceptor as unknown as Interceptor<ApiName>)
  }

  /** How many requests of a kind wait for an answer, to one node or to all. */
  underWay(api: ApiName, node?: number): number {
    if (node !== undefined) return this.#underWay.get(`${api} ${node}`) ?? 0
    let count = 0
    for (const [key, each] of this.#underWay) if (key.startsWith(`${api} `)) count += each
    return count
  }

  async #send<A extends ApiName>(
    wire: Wire,
    node: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options?: SendOptions,
  ): Promise<ResponseOf<A>> {
    const name = inEitherVersion(api)
    const interceptor = this.#interceptors.get(name) as unknown as Interceptor<A> | undefined
    this.#interceptors.delete(name)
    const key = `${name} ${node}`
    this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1)
    const send = (): Promise<ResponseOf<A>> => wire.send(node, api, request, options)
    try {
      const response = await (interceptor === undefined ? send() : interceptor(send, request, node))
      for (const code of errorCodesIn(response)) count(this.answered, `${name} ${errorName(code)}`)
      return response
    } catch (error) {
      count(this.unanswered, `${name} ${(error as { code?: string }).code}`)
      throw error
    } finally {
      this.#underWay.set(key, this.#underWay.get(key)! - 1)
    }
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function* errorCodesIn(part: unknown): Iterable<number> {
  if (typeof part !== 'object' || part === null || Buffer.isBuffer(part)) return
  for (const [name, value] of Object.entries(part)) {
    if (name === 'errorCode' && value !== 0) yield value as number
    else yield* errorCodesIn(value)
  }
}
