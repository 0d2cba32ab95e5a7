// Flow: stream-task → [forward] → processor nodes
//
// Everything asynchronous about handing records on lives here. A record goes depth first through the children of a node, one child after
// the other. As long as nothing returns a promise, none is made. Once something does:
//   - the rest of that delivery follows when the promise has settled;
//   - further forwards of the same node queue behind it, so that its records never overtake each other;
//   - the scope counts deliveries under way, so that the task takes its next record when all have ended, awaited or not.
import { isPromise } from '../../topology/callbacks.ts'
import type { StreamRecord } from '../core/record.ts'

/** Anything that takes records: a node of the graph. */
export interface Receiver {
  process(record: StreamRecord<any, any>): void | Promise<void>
}

/** Forwards of one node that may wait behind another before a warning tells the user that an `await` is missing. */
const MANY_QUEUED_FORWARDS = 1_000

/** What is in process in one task. */
export class ForwardScope {
  /** The record in the hands of the innermost node. */
  current: StreamRecord<any, any> | undefined
  /** The node that was entered last; for messages. */
  nodeName = ''
  /** Records handed on so far. */
  deliveries = 0
  readonly #onManyQueued: (nodeName: string) => void
  readonly #failedNodes = new WeakMap<object, string>()
  #underWay = 0
  /** Deliveries of an earlier one do not count any more. */
  #era = 0
  #warned = false
  #failed = false
  #failure: unknown
  #idle: (() => void) | undefined

  constructor(onManyQueued: (nodeName: string) => void) {
    this.#onManyQueued = onManyQueued
  }

  /**
   * Says in which node an error came up first: those upstream, through which it passes, say so too, and are not asked. Throws it again.
   */
  fail(nodeName: string, error: unknown): never {
    if (typeof error === 'object' && error !== null && !this.#failedNodes.has(error))
      this.#failedNodes.set(error, nodeName)
    throw error
  }

  /** The node in which an error came up. */
  failedIn(error: unknown): string {
    return this.#failedNodes.get(error as object) ?? this.nodeName
  }

  /** Forgets what is under way and what has failed: the processors that it belongs to are closed. */
  restart(): void {
    this.#era++
    this.#underWay = 0
    this.#failed = false
    this.#failure = undefined
    this.current = undefined
    this.#idle?.()
  }

  /** Whether nothing is under way and nothing has failed. */
  get idle(): boolean {
    return this.#underWay === 0 && !this.#failed
  }

  /** Resolves when nothing is under way; rejects with the first failure since the last call. */
  async settled(): Promise<void> {
    while (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    if (!this.#failed) return
    this.#failed = false
    throw this.#failure
  }

  /** Counts a delivery until it settles. The promise returned may be ignored: a failure reaches `settled` all the same. */
  track(delivery: Promise<void>): Promise<void> {
    const era = this.#era
    this.#underWay++
    const tracked = delivery.then(
      () => this.#ended(era),
      (error: unknown) => {
        if (era === this.#era) this.#failedWith(error)
        this.#ended(era)
        throw error
      },
    )
    tracked.catch(() => {})
    return tracked
  }

  warnAboutQueue(length: number): void {
    if (length < MANY_QUEUED_FORWARDS || this.#warned) return
    this.#warned = true
    this.#onManyQueued(this.nodeName)
  }

  #failedWith(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#failure = error
  }

  #ended(era: number): void {
    if (era === this.#era && --this.#underWay === 0) this.#idle?.()
  }
}

/** Hands the records of one node to its children. */
export class Forwarder {
  readonly #scope: ForwardScope
  #tail: Promise<void> | undefined
  #queued = 0

  constructor(scope: ForwardScope) {
    this.#scope = scope
  }

  forward(receivers: readonly Receiver[], record: StreamRecord<any, any>): void | Promise<void> {
    if (this.#tail !== undefined) return this.#queue(receivers, record, this.#tail)
    const pending = deliver(this.#scope, receivers, record)
    if (pending !== undefined) return this.#last(this.#scope.track(pending))
  }

  #queue(receivers: readonly Receiver[], record: StreamRecord<any, any>, tail: Promise<void>): Promise<void> {
    this.#scope.warnAboutQueue(++this.#queued)
    const turn = tail.then(() => {
      this.#queued--
      return deliver(this.#scope, receivers, record)
    })
    return this.#last(this.#scope.track(turn))
  }

  #last(delivery: Promise<void>): Promise<void> {
    this.#tail = delivery
    const clear = () => {
      if (this.#tail === delivery) this.#tail = undefined
    }
    delivery.then(clear, clear)
    return delivery
  }
}

/** Gives a record to each receiver in turn. */
export function deliver(
  scope: ForwardScope,
  receivers: readonly Receiver[],
  record: StreamRecord<any, any>,
): void | Promise<void> {
  const before = scope.current
  scope.current = record
  scope.deliveries++
  for (let i = 0; i < receivers.length; i++) {
    const pending = receivers[i]!.process(record)
    if (isPromise(pending)) return deliverRest(scope, receivers, record, i + 1, pending, before)
  }
  scope.current = before
}

async function deliverRest(
  scope: ForwardScope,
  receivers: readonly Receiver[],
  record: StreamRecord<any, any>,
  from: number,
  pending: Promise<void>,
  before: StreamRecord<any, any> | undefined,
): Promise<void> {
  await pending
  for (let i = from; i < receivers.length; i++) {
    scope.current = record
    await receivers[i]!.process(record)
  }
  scope.current = before
}
