// Flow: group member, transactions → [coordinators] → Wire.
import { onGroup, onTransactionalId, unauthorized } from './authorization.ts'
import type { ClientContext } from './client.ts'
import { BrokerResponseError } from './errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { type Attempt, Retry, retrying } from './retry.ts'
import type { Wire } from './wire.ts'

export type CoordinatorType = 'group' | 'transaction'

const keyTypes = { group: 0, transaction: 1 } as const
// Both logs are created when a coordinator is first asked for, and that fails, again and again, if brokers are missing.
const hints = {
  group: 'If the cluster is new: offsets.topic.replication.factor may be higher than its number of brokers.',
  transaction:
    'If the cluster is new: transaction.state.log.replication.factor (3 by default) or transaction.state.log.min.isr may be ' +
    'higher than its number of brokers.',
} as const

/** Which node coordinates a group or a transactional id: asked once, then remembered until `forget`. */
export class Coordinators {
  readonly #wire: Wire
  readonly #context: ClientContext
  readonly #nodes = new Map<string, Promise<number>>()

  constructor(wire: Wire, context: ClientContext) {
    this.#wire = wire
    this.#context = context
  }

  /**
   * The node id. `timeoutMs` bounds a question to the cluster; default: the request time-out.
   *
   * @throws BrokerUnavailableError `STREAMS_BROKER_UNAVAILABLE`: the cluster names no coordinator within the time-out.
   * @throws AuthorizationError `STREAMS_AUTHORIZATION`: this client may not use the group or the transactional id.
   */
  find(type: CoordinatorType, key: string, timeoutMs?: number): Promise<number> {
    const name = `${type}:${key}`
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    const found = this.#ask(type, key, timeoutMs ?? this.#context.requestTimeoutMs)
    this.#nodes.set(name, found)
    found.catch(() => {
      if (this.#nodes.get(name) === found) this.#nodes.delete(name)
    })
    return found
  }

  /** The next `find` asks the cluster: the coordinator has moved, or cannot be reached. */
  forget(type: CoordinatorType, key: string): void {
    this.#nodes.delete(`${type}:${key}`)
  }

  #ask(type: CoordinatorType, key: string, timeoutMs: number): Promise<number> {
    const what = type === 'group' ? `group '${key}'` : `transactional id '${key}'`
    const attempt = async ({ timeoutMs }: Attempt): Promise<number | Retry> => {
      const request = { key, keyType: keyTypes[type] }
      const answer = await this.#wire.send('any', 'findCoordinator', request, { timeoutMs })
      const code = answer.errorCode
      if (code === errorCodes.NONE) return answer.nodeId
      const cause = `${errorName(code)}${answer.errorMessage === null ? '' : ` (${answer.errorMessage})`}`
      if (isRetriable(code)) return new Retry(new CoordinatorMissing(cause))
      const forbidden = unauthorized(`Finding the coordinator of ${what}`, code, [
        type === 'group' ? onGroup(key, 'DESCRIBE') : onTransactionalId(key, 'DESCRIBE'),
      ])
      throw (
        forbidden ??
        new BrokerResponseError(errorName(code), code, `The broker names no coordinator for ${what}: ${cause}`)
      )
    }
    return retrying(this.#context, `Finding the coordinator of ${what}`, attempt, {
      timeoutMs,
      hint: (last) => (last instanceof CoordinatorMissing ? hints[type] : undefined),
    })
  }
}

// The cluster answered, so the network is not the trouble.
class CoordinatorMissing extends Error {}
