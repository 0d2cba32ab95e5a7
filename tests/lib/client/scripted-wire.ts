import { ConnectionError } from '../../../lib/client/errors.ts'
import type { ApiName, RequestOf, ResponseOf } from '../../../lib/client/protocol/apis.ts'
import type { NodeTarget, SendOptions, Wire } from '../../../lib/client/wire.ts'

/** A request that waits for the test to answer it. */
export interface SentRequest<A extends ApiName = ApiName> {
  readonly node: NodeTarget
  readonly api: A
  readonly request: RequestOf<A>
  readonly options: SendOptions | undefined
  answer(response: ResponseOf<A>): void
  fail(error?: Error): void
}

/** A wire whose other end is the test: requests pile up in `sent` until the test answers them. */
export class ScriptedWire implements Wire {
  readonly sent: SentRequest[] = []

  send<A extends ApiName>(
    node: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options?: SendOptions,
  ): Promise<ResponseOf<A>> {
    return new Promise((resolve, reject) => {
      const sent: SentRequest<A> = {
        node,
        api,
        request,
        options,
        answer: resolve,
        fail: (error = new ConnectionError(`node ${node} is not there`)) => reject(error),
      }
      this.sent.push(sent as unknown as SentRequest)
    })
  }

  /** Takes the oldest unanswered request, which must be for this api. */
  take<A extends ApiName>(api: A): SentRequest<A> {
    const next = this.sent.shift()
    if (next?.api !== api) throw new Error(`expected a request '${api}', got '${next?.api}'`)
    return next as unknown as SentRequest<A>
  }

  async close(): Promise<void> {}
}
