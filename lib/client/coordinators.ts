// Flow: group member, transactions → [coordinators] → Wire.
import { onGroup, onTransactionalId, unauthorized } from './authorization.ts'
import type { ClientContext } from './client.ts'
import { briefTimeoutMs } from './cluster-metadata.ts'
import { BrokerResponseError, BrokerUnavailableError } from './errors.ts'
import { isOutage } from './outage.ts'
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

interface Wanted {
  readonly type: CoordinatorType
  readonly key: string
  readonly leftMs: number
  readonly untilMs: number
}

interface Question {
  readonly node: Promise<number>
  /** When it gives up, on the clock's monotonic time. */
  untilMs: number
}

const ANSWERED = Number.NEGATIVE_INFINITY

/** Which node coordinates a group or a transactional id: asked once, then remembered until `forget`. */
export class Coordinators {
  readonly #wire: Wire
  readonly #context: ClientContext
  readonly #questions = new Map<string, Question>()

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
  async find(type: CoordinatorType, key: string, timeoutMs = this.#context.requestTimeoutMs): Promise<number> {
    const { clock } = this.#context
    const name = `${type}:${key}`
    const untilMs = clock.monotonicMs() + timeoutMs
    for (;;) {
      // Who asks at the same time waits for the same answer, unless that could take longer than they have.
      const known = this.#questions.get(name)
      const joins = known !== undefined && known.untilMs <= untilMs
      const leftMs = Math.max(1, untilMs - clock.monotonicMs())
      try {
        return await (joins ? known : this.#begin(name, { type, key, leftMs, untilMs })).node
      } catch (error) {
        // The patience of whoever asked first has ended, ours has not.
        const leaves = !joins || clock.monotonicMs() >= untilMs
        if (leaves || !(error instanceof BrokerUnavailableError)) throw error
      }
    }
  }

  /**
   * One attempt at asking the coordinator, wherever it is. One that cannot be reached, or that says to ask again, is looked for anew the next time: it may have moved.
   *
   * @param findTimeoutMs - How long it may be looked for.
   */
  async ask<T>(
    type: CoordinatorType,
    key: string,
    findTimeoutMs: number,
    send: (node: number) => Promise<T | Retry>,
  ): Promise<T | Retry> {
    const node = await this.find(type, key, findTimeoutMs)
    try {
      const answer = await send(node)
      if (answer instanceof Retry) this.forget(type, key)
      return answer
    } catch (error) {
      if (isOutage(error)) this.forget(type, key)
      throw error
    }
  }

  /** The next `find` asks the cluster: the coordinator has moved, or cannot be reached. */
  forget(type: CoordinatorType, key: string): void {
    this.#questions.delete(`${type}:${key}`)
  }

  #begin(name: string, { type, key, leftMs, untilMs }: Wanted): Question {
    const question: Question = { node: this.#ask(type, key, leftMs), untilMs }
    this.#questions.set(name, question)
    question.node.then(
      () => {
        question.untilMs = ANSWERED
      },
      () => {
        if (this.#questions.get(name) === question) this.#questions.delete(name)
      },
    )
    return question
  }

  #ask(type: CoordinatorType, key: string, timeoutMs: number): Promise<number> {
    const what = type === 'group' ? `group '${key}'` : `transactional id '${key}'`
    const attempt = async ({ timeoutMs }: Attempt): Promise<number | Retry> => {
      const request = { key, keyType: keyTypes[type] }
      const brief = { timeoutMs: Math.min(timeoutMs, briefTimeoutMs(this.#context)) }
      const answer = await this.#wire.send('any', 'findCoordinator', request, brief)
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
