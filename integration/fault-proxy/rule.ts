// What is to happen to requests of one kind.
import { type ApiName, apis } from '../../lib/client/protocol/apis.ts'
import type { RequestHeader } from './frames.ts'

/**
 * - `lose-request`: the connection is cut before the broker has the request.
 * - `swallow-request`: the broker never gets it, so nobody answers; the connection lives on.
 * - `lose-response`: the broker has acted on it; instead of its answer the connection is cut.
 * - `swallow-response`: the broker has acted on it; its answer is dropped, the connection lives on.
 * - `delayResponseMs`: the answer, and whatever follows it on the connection, comes that much later.
 * - `cutResponseAfterBytes`: the connection is cut in the midst of the answer.
 */
export type Fate =
  | 'lose-request'
  | 'swallow-request'
  | 'lose-response'
  | 'swallow-response'
  | { readonly delayResponseMs: number }
  | { readonly cutResponseAfterBytes: number }

export interface RuleOptions {
  readonly api: ApiName
  readonly fate: Fate
  /** How many such requests pass first. Default 0. */
  readonly after?: number
  /** How many it is to happen to. Default 1. */
  readonly times?: number
  /** Only requests of this client id. Default: any client's. */
  readonly clientId?: string
}

/** A fault that waits for its requests; `acted` proves that it happened. */
export class Rule {
  readonly fate: Fate
  /** How often the fault has taken place: the request withheld, or the answer of the broker dropped, delayed or cut. */
  acted = 0
  readonly #options: RuleOptions
  #seen = 0
  #chosen = 0

  constructor(options: RuleOptions) {
    this.#options = options
    this.fate = options.fate
  }

  /** Whether it is this request's turn. Counts the request. */
  takes({ apiKey, clientId }: RequestHeader): boolean {
    const { api, after = 0, times = 1 } = this.#options
    if (apiKey !== apis[api].key || (this.#options.clientId ?? clientId) !== clientId) return false
    if (this.#seen++ < after || this.#chosen >= times) return false
    this.#chosen++
    return true
  }
}
