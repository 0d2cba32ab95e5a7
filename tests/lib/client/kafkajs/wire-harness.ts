// Fake brokers and wires to them, closed after each test.

import { type KafkaOptions, kafkaWires } from '../../../../lib/client/kafkajs/index.ts'
import type { Wire, WireFactory } from '../../../../lib/client/wire.ts'
import { systemClock } from '../../../../lib/core/clock.ts'
import type { StreamsError } from '../../../../lib/core/errors.ts'
import type { Logger } from '../../../../lib/core/log.ts'
import { FakeBroker, type FakeBrokerOptions } from './fake-broker.ts'

const DEADLINE_MS = 5_000

export const NO_TOPICS = { topics: [], allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }
export const CALM = { throttleTimeMs: 0, errorCode: 0 }
export const FETCH_NOTHING = {
  replicaId: -1,
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: 1,
  isolationLevel: 1,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [],
  forgottenTopics: [],
  rackId: '',
}

/** A heartbeat: the smallest request that carries a name of our choice. */
export function beat(memberId = 'm') {
  return { groupId: 'g', generationId: 1, memberId, groupInstanceId: null }
}

class KeptLog implements Logger {
  readonly debugLines: string[] = []
  readonly louderLines: string[] = []

  debug(fields: object, message: string): void {
    this.debugLines.push(`${message} ${JSON.stringify(fields)}`)
  }

  info(_: object, message: string): void {
    this.louderLines.push(message)
  }

  warn(_: object, message: string): void {
    this.louderLines.push(message)
  }

  error(_: object, message: string): void {
    this.louderLines.push(message)
  }
}

export class WireHarness {
  readonly log = new KeptLog()
  readonly #brokers: FakeBroker[] = []
  readonly #wires: Wire[] = []

  async broker(options?: FakeBrokerOptions): Promise<FakeBroker> {
    const broker = await FakeBroker.start(options)
    this.#brokers.push(broker)
    return broker
  }

  factory(options: KafkaOptions, requestTimeoutMs = DEADLINE_MS): WireFactory {
    const context = { clientId: 'test', clock: systemClock, logger: this.log, requestTimeoutMs }
    const wires = kafkaWires(options, context)
    return {
      open: (purpose) => {
        const wire = wires.open(purpose)
        this.#wires.push(wire)
        return wire
      },
    }
  }

  wire(options: KafkaOptions, requestTimeoutMs?: number): Wire {
    return this.factory(options, requestTimeoutMs).open('admin')
  }

  async close(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.close()))
    await Promise.all(this.#brokers.map((broker) => broker.close()))
    // Warnings and errors are for people: a wire leaves them to who sends the requests.
    expect(this.log.louderLines).toEqual([])
  }
}

/** The error with which the promise rejects. */
export async function failure(promise: Promise<unknown>): Promise<StreamsError> {
  return await promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error,
  )
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never happened: ${condition}`)
    await systemClock.yield()
  }
}
