// Flow: client code over Wire → [shared-wire] → messages → shared-cluster, in another process.
import { InvalidConfigError } from '../../core/errors.ts'
import type { ClientSupplier } from '../client.ts'
import { ConnectionError } from '../errors.ts'
import type { ApiName, RequestOf, ResponseOf } from '../protocol/apis.ts'
import type { NodeTarget, SendOptions, Wire, WirePurpose } from '../wire.ts'
import { wireClient } from '../wire-client.ts'
import type { AnyResponse } from './faults.ts'
import { errorOf, type MessagePipe, processPipe, unwrapped, type WireAnswer, wrapped } from './shared-messages.ts'

/**
 * The cluster in memory of the process that forked this one and called `shareCluster`.
 *
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: this process was not forked.
 * @example
 * const streams = new KafkaStreams(topology, { applicationId: 'delays', client: parentCluster() })
 */
export function parentCluster(): ClientSupplier {
  if (process.send === undefined) {
    throw new InvalidConfigError('client', 'is parentCluster(), and this process was not started by child_process.fork')
  }
  const wires = new SharedWires(processPipe(process))
  return {
    connect: (context) => wireClient({ open: (purpose) => wires.open(purpose, context.clientId) }, context),
  }
}

/** Wires to the cluster at the other end of a pipe. Time-outs are kept there; the end of the pipe breaks all connections. */
export class SharedWires {
  readonly #pipe: MessagePipe
  readonly #open = new Map<number, SharedWire>()
  #wires = 0
  #calls = 0
  #stopListening: (() => void) | undefined

  constructor(pipe: MessagePipe) {
    this.#pipe = pipe
  }

  open(purpose: WirePurpose, clientId = 'shared'): Wire {
    const id = this.#wires++
    const wire = new SharedWire({
      nextCall: () => this.#calls++,
      hasEnded: () => this.#pipe.hasEnded,
      send: (call, node, api, request, options) =>
        this.#pipe.send(wrapped({ wire: id, do: 'send', call, node, api, request, options })),
      close: () => {
        this.#open.delete(id)
        this.#pipe.send(wrapped({ wire: id, do: 'close' }))
        if (this.#open.size > 0) return
        // As with sockets: what is closed keeps no process alive.
        this.#stopListening?.()
        this.#stopListening = undefined
      },
    })
    this.#open.set(id, wire)
    this.#stopListening ??= this.#listen()
    this.#pipe.send(wrapped({ wire: id, do: 'open', purpose, clientId }))
    return wire
  }

  #listen(): () => void {
    const onMessage = (message: unknown) => {
      const answer = unwrapped<WireAnswer>(message)
      if (answer === undefined) return
      for (const wire of this.#open.values()) if (wire.answered(answer)) return
    }
    return this.#pipe.listen(onMessage, () => {
      for (const wire of this.#open.values()) wire.break('the process that holds the cluster has ended')
    })
  }
}

interface OtherEnd {
  nextCall(): number
  hasEnded(): boolean
  send(call: number, node: NodeTarget, api: ApiName, request: RequestOf<ApiName>, options: SendOptions): void
  close(): void
}

interface Call {
  readonly api: ApiName
  resolve(response: AnyResponse): void
  reject(error: Error): void
}

class SharedWire implements Wire {
  readonly #other: OtherEnd
  /** As many as its users have under way: each bounds its own. */
  readonly #calls = new Map<number, Call>()
  #isClosed = false

  constructor(other: OtherEnd) {
    this.#other = other
  }

  send<A extends ApiName>(
    node: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options: SendOptions = {},
  ): Promise<ResponseOf<A>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#other.hasEnded()) {
        const reason = this.#isClosed ? 'the wire is closed' : 'the process that holds the cluster has ended'
        reject(new ConnectionError(`${api} was not sent: ${reason}.`))
        return
      }
      const call = this.#other.nextCall()
      this.#calls.set(call, { api, resolve: resolve as (response: AnyResponse) => void, reject })
      this.#other.send(call, node, api, request, options)
    })
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.break('the wire was closed')
      this.#other.close()
    }
    return Promise.resolve()
  }

  /** Whether the answer was to a call of this wire. */
  answered(answer: WireAnswer): boolean {
    const call = this.#calls.get(answer.call)
    if (call === undefined) return false
    this.#calls.delete(answer.call)
    if ('response' in answer) call.resolve(answer.response)
    else call.reject(errorOf(answer.code, answer.problem))
    return true
  }

  /** Rejects all that is unanswered. What the nodes have done is done. */
  break(reason: string): void {
    for (const { api, reject } of this.#calls.values())
      reject(new ConnectionError(`${api} has no answer: ${reason}. Its outcome is unknown.`))
    this.#calls.clear()
  }
}
