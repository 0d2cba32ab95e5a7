// Producers that go on sending numbered records while something happens to the network.
import type { Client, GroupMember, Producer } from '../../lib/client/client.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { StreamsError } from '../../lib/core/errors.ts'
import { type ConsumedRecord, NO_HEADERS, partitionKey } from '../../lib/core/record.ts'

export const PARTITION_COUNT = 3
const RECORDS_A_ROUND = 30
const ROUND_MS = 5
/** Errors after which a transactional producer starts over; anything else fails the test. */
const RECOVERABLE = new Set([
  'STREAMS_TRANSACTION_ABORTED',
  'STREAMS_COMMIT_OUTCOME_UNKNOWN',
  'STREAMS_PRODUCER_FENCED',
  'STREAMS_BROKER_UNAVAILABLE',
])

function sendRound(producer: Producer, topic: string, from: number): number {
  for (let i = from; i < from + RECORDS_A_ROUND; i++) {
    producer.send(topic, i % PARTITION_COUNT, null, Buffer.from(`${i}`), systemClock.now(), NO_HEADERS)
  }
  return from + RECORDS_A_ROUND
}

/** The numbers of a topic's records, which must be 0, 1, 2 … in each partition's share: each once, in order. */
export function numbersByPartition(records: readonly ConsumedRecord[]): readonly (readonly number[])[] {
  const numbers: number[][] = Array.from({ length: PARTITION_COUNT }, () => [])
  for (const { value } of records) {
    const number = Number(value!.toString())
    numbers[number % PARTITION_COUNT]!.push(number)
  }
  return numbers
}

export function expectedNumbers(count: number): readonly (readonly number[])[] {
  return Array.from({ length: PARTITION_COUNT }, (_, partition) =>
    Array.from({ length: count / PARTITION_COUNT }, (_, i) => i * PARTITION_COUNT + partition),
  )
}

/** An idempotent producer. */
export class SteadyProducer {
  sent = 0
  readonly #topic: string
  readonly #producer: Producer
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(client: Client, topic: string) {
    this.#topic = topic
    this.#producer = client.producer({})
  }

  async start(): Promise<void> {
    await this.#producer.init()
    this.#running = this.#run()
    this.#running.catch(() => {})
  }

  /** Resolves when all that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    await this.#producer.flush()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.sent = sendRound(this.#producer, this.#topic, this.sent)
      await sleep(systemClock, ROUND_MS)
    }
  }
}

/**
 * A transactional producer: one round is one transaction, and the group's committed offset, which is part of it, says how many have been
 * committed. After an error it starts over from there, as a task does.
 */
export class SteadyTransactions {
  committed = 0
  readonly errors: string[] = []
  readonly #topic: string
  readonly #groupId: string
  readonly #producer: Producer
  readonly #member: GroupMember
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(client: Client, topic: string, transactionTimeoutMs: number) {
    this.#topic = topic
    this.#groupId = `${topic}-group`
    this.#producer = client.producer({ transactionalId: `${topic}-producer`, transactionTimeoutMs })
    const noGroup = (): never => {
      throw new Error('this member joins no group')
    }
    this.#member = client.groupMember({
      groupId: this.#groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      assignor: { name: 'none', subscription: noGroup, assign: noGroup },
      listener: { onRevoked: noGroup, onAssigned: noGroup, onLost: noGroup, onFatal: noGroup },
    })
  }

  async start(): Promise<void> {
    await this.#producer.init()
    this.#running = this.#run()
    this.#running.catch(() => {})
  }

  /** Resolves when the transaction under way has been committed. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#transaction()
        await sleep(systemClock, ROUND_MS)
      } catch (error) {
        this.#note(error)
        await this.#startOver()
      }
    }
  }

  async #transaction(): Promise<void> {
    const next = sendRound(this.#producer, this.#topic, this.committed)
    const offset = { topic: this.#topic, partition: 0, offset: next, metadata: '' }
    await this.#producer.commit([offset], { groupId: this.#groupId, memberId: '', generation: -1, instanceId: null })
    this.committed = next
  }

  async #startOver(): Promise<void> {
    for (;;) {
      try {
        await this.#producer.init()
        const offsets = await this.#member.committed([{ topic: this.#topic, partition: 0 }])
        this.committed = offsets.get(partitionKey(this.#topic, 0))?.offset ?? 0
        return
      } catch (error) {
        this.#note(error)
      }
    }
  }

  #note(error: unknown): void {
    if (!(error instanceof StreamsError) || !RECOVERABLE.has(error.code)) throw error
    this.errors.push(error.code)
  }
}
