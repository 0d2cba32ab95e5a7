// Flow: client code of a simulated process → [process-wires] → memory wire.

import type { Client, ClientContext, ClientSupplier } from '../../client/client.ts'
import type { MemoryCluster } from '../../client/memory/index.ts'
import type { ApiName, RequestOf, ResponseOf } from '../../client/protocol/apis.ts'
import { inEitherVersion } from '../../client/transaction-version.ts'
import type { NodeTarget, SendOptions, Wire, WirePurpose } from '../../client/wire.ts'
import { wireClient } from '../../client/wire-client.ts'
import type { Outside } from './outside.ts'

/** The client id of requests that come a second time. */
export const SECOND_COPIES = 'second-copies'

/** Connects a process to the cluster: what it sends leaves, and what it is answered arrives, as long as it lives. */
export class ProcessWires implements ClientSupplier {
  readonly #cluster: MemoryCluster
  readonly #outside: Outside
  readonly #wires = new Set<Wire>()

  constructor(cluster: MemoryCluster, outside: Outside) {
    this.#cluster = cluster
    this.#outside = outside
  }

  connect(context: ClientContext): Client {
    return wireClient({ open: (purpose) => this.#open(purpose, context.clientId) }, context)
  }

  /** The sockets of a process that has died are closed by its machine: what the brokers had not begun is lost. */
  async cut(): Promise<void> {
    for (const wire of this.#wires) await wire.close()
    this.#wires.clear()
  }

  #open(purpose: WirePurpose, clientId: string): Wire {
    const wire = this.#cluster.open(purpose, clientId)
    this.#wires.add(wire)
    // What the network delivers twice comes over a connection of its own, and no later than the first copy: brokers before KIP-890 take the end of one
    // transaction for that of the next if it comes that late.
    let second: Wire | undefined
    const duplicate = <A extends ApiName>(node: NodeTarget, api: A, request: RequestOf<A>): void => {
      if (second === undefined) {
        second = this.#cluster.open(purpose, SECOND_COPIES)
        this.#wires.add(second)
      }
      second.send(node, api, request).catch(() => {})
    }
    return {
      send: (node, api, request, options) => {
        const answer = this.#send(wire, purpose, node, api, request, options)
        if (this.#outside.alive && this.#outside.duplicates(api)) duplicate(node, api, request)
        return answer
      },
      close: async () => {
        if (!this.#outside.alive) return new Promise<never>(() => {})
        this.#wires.delete(wire)
        await wire.close()
      },
    }
  }

  #send<A extends ApiName>(
    wire: Wire,
    purpose: WirePurpose,
    node: NodeTarget,
    api: A,
    request: RequestOf<A>,
    options?: SendOptions,
  ): Promise<ResponseOf<A>> {
    const outside = this.#outside
    const operation = purpose === 'restore' ? `restore ${api}` : inEitherVersion(api)
    if (!outside.passes(operation, 'before', request)) return new Promise<never>(() => {})
    return new Promise((resolve, reject) => {
      wire.send(node, api, request, options).then(
        (response) => {
          if (!outside.passes(operation, 'after', response)) return
          outside.clock.arrived(() => {
            outside.onAnswer(api, response)
            resolve(response)
          })
        },
        (error) => outside.clock.arrived(() => reject(error)),
      )
    })
  }
}
