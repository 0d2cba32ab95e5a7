import type { ApiName, RequestOf, ResponseOf } from '../protocol/apis.ts'
import type { WirePurpose } from '../wire.ts'

export type AnyResponse = ResponseOf<ApiName>

/** One request on its way: `api` tells the type of `request`. */
export type Exchange = {
  readonly [A in ApiName]: {
    readonly clientId: string
    readonly purpose: WirePurpose
    readonly node: number
    readonly api: A
    readonly request: RequestOf<A>
  }
}[ApiName]

/**
 * What goes wrong with a request. Fields may be combined; those that are absent go right.
 *
 * A connection that breaks takes with it, as a real one does, all requests that were sent over it before and are unanswered, and those that wait
 * behind; the next request opens another.
 */
export interface Fault {
  /** The node gets the request later; what is sent behind it waits. Milliseconds. */
  readonly requestDelayMs?: number
  /** The node never gets the request. */
  readonly dropRequest?: LossSign
  /** The node answers this and does nothing. See `errorResponse`. */
  readonly answer?: AnyResponse
  /** Called when the node answers, with what it answers; a value returned is sent instead. Not called for parked requests that are never answered. */
  readonly onResponse?: (response: AnyResponse) => AnyResponse | undefined
  /** The answer comes later; answers behind it wait. Milliseconds. */
  readonly responseDelayMs?: number
  /** The request takes effect and the answer is lost. */
  readonly dropResponse?: LossSign
}

/** How a loss shows: the connection breaks at once, or nothing more comes over it until the client's time is up. */
export type LossSign = 'disconnect' | 'silence'

/** Sees each request as it is sent; undefined: nothing goes wrong. Hooks are asked in the order in which they were added; the first fault counts. */
export type FaultHook = (exchange: Exchange) => Fault | undefined

const NO_FAULT: Fault = Object.freeze({})

/** The hooks of a cluster. */
export class Faults {
  readonly #hooks = new Set<FaultHook>()

  /** Returns how to remove the hook. */
  add(hook: FaultHook): () => void {
    this.#hooks.add(hook)
    return () => void this.#hooks.delete(hook)
  }

  for(exchange: Exchange): Fault {
    for (const hook of this.#hooks) {
      const fault = hook(exchange)
      if (fault !== undefined) return fault
    }
    return NO_FAULT
  }
}
