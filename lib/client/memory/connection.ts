// Flow: memory wire → [connection] → handlers of a node.
import type { Clock, Timer } from '../../core/clock.ts'
import { ConnectionError, RequestTimeoutError } from '../errors.ts'
import type { AnyResponse, Fault } from './faults.ts'

/** Asks the node; returns how to forget a request that it has parked. */
export type Ask = (respond: (response: AnyResponse) => void) => (() => void) | undefined

interface Call {
  readonly what: string
  readonly ask: Ask
  readonly fault: Fault
  readonly resolve: (response: AnyResponse) => void
  readonly reject: (error: Error) => void
  timer: Timer | undefined
  /** The request has reached the node. */
  hasArrived: boolean
  /** What travels back, and whether it is there yet. */
  response: AnyResponse | undefined
  isDelivered: boolean
  isAnsweredAtOnce: boolean
}

/**
 * One connection to one node. The node takes its requests in order and begins one only when it has answered the one before, so a parked request
 * parks what is behind it. A request whose time is up breaks the connection, because nothing behind it can be answered either.
 */
export class Connection {
  readonly #clock: Clock
  readonly #oneWayMs: number
  readonly #name: string
  /** Sent and not begun. */
  readonly #requests: Call[] = []
  /** Begun, in the order of sending; all but the last are answered and travel back. */
  readonly #begun: Call[] = []
  #current: Call | undefined
  #forgetParked: (() => void) | undefined
  #isBroken = false
  #isPumping = false

  constructor(clock: Clock, latencyMs: number, name: string) {
    this.#clock = clock
    this.#oneWayMs = latencyMs / 2
    this.#name = name
  }

  get isBroken(): boolean {
    return this.#isBroken
  }

  send(what: string, timeoutMs: number, fault: Fault, ask: Ask): Promise<AnyResponse> {
    return new Promise((resolve, reject) => {
      const call: Call = {
        what,
        ask,
        fault,
        resolve,
        reject,
        timer: undefined,
        hasArrived: false,
        response: undefined,
        isDelivered: false,
        isAnsweredAtOnce: false,
      }
      this.#requests.push(call)
      const arrived = (): void => {
        call.hasArrived = true
        this.#pump()
        // Most requests are answered by now and need no timer.
        if (!call.isAnsweredAtOnce) this.#startTimer(call, timeoutMs)
      }
      if (!this.#travel(fault.requestDelayMs, arrived)) this.#startTimer(call, timeoutMs)
    })
  }

  /** Rejects all that is unanswered. What the node has done is done. */
  break(reason: string): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#forgetParked?.()
    for (const call of [...this.#begun.splice(0), ...this.#requests.splice(0)]) {
      call.timer?.cancel()
      call.reject(
        new ConnectionError(`${call.what} has no answer from ${this.#name}: ${reason}. Its outcome is unknown.`),
      )
    }
  }

  // Begins requests as long as the one before has been answered.
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#current === undefined && !this.#isBroken && this.#requests[0]?.hasArrived === true) {
      const call = this.#requests.shift()!
      try {
        this.#begin(call)
      } catch (error) {
        // A request that no client of ours sends, or a fault hook that throws: whoever sent it shall see why.
        call.reject(error as Error)
        this.break('an earlier request of the connection failed in the node')
      }
    }
    this.#isPumping = false
  }

  #begin(call: Call): void {
    this.#current = call
    this.#begun.push(call)
    const { fault } = call
    if (fault.dropRequest !== undefined) this.#lose(fault.dropRequest, 'the request was lost')
    else if (fault.answer !== undefined) this.#answered(call, fault.answer)
    else this.#forgetParked = call.ask((response) => this.#answered(call, response))
    if (this.#current !== call) this.#forgetParked = undefined
  }

  #answered(call: Call, answer: AnyResponse): void {
    if (this.#current !== call || this.#isBroken) return
    const { fault } = call
    const response = fault.onResponse?.(answer) ?? answer
    if (fault.dropResponse !== undefined) {
      this.#lose(fault.dropResponse, 'the answer was lost')
      return
    }
    this.#current = undefined
    this.#forgetParked = undefined
    call.response = response
    call.isAnsweredAtOnce = this.#travel(fault.responseDelayMs, () => {
      call.isDelivered = true
      this.#deliver()
    })
    this.#pump()
  }

  // A connection in silence stays as it is, the current request unanswered, until that request's time is up.
  #lose(sign: 'disconnect' | 'silence', reason: string): void {
    if (sign === 'disconnect') this.break(reason)
  }

  // Answers come in order: one that is here waits for those before it.
  #deliver(): void {
    while (this.#begun[0]?.isDelivered === true) {
      const call = this.#begun.shift()!
      call.timer?.cancel()
      call.resolve(call.response!)
    }
  }

  #startTimer(call: Call, timeoutMs: number): void {
    if (call.timer !== undefined || this.#isBroken) return
    call.timer = this.#clock.setTimer(timeoutMs, () => {
      const message = `${call.what} had no answer from ${this.#name} within ${timeoutMs} ms. Its outcome is unknown.`
      call.reject(new RequestTimeoutError(message))
      this.break('an earlier request of the connection had no answer in time')
    })
  }

  // Whether it takes no time. What comes out of order waits at its end for those before it.
  #travel(delayMs: number | undefined, arrived: () => void): boolean {
    const takesMs = this.#oneWayMs + (delayMs ?? 0)
    if (takesMs > 0) this.#clock.setTimer(takesMs, arrived)
    else queueMicrotask(arrived)
    return takesMs <= 0
  }
}
