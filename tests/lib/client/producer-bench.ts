// A producer on a cluster in memory, in virtual time, with a record of what it asks of which node and when.
import type { Client, GroupMetadata, Producer, ProducerOptions } from '../../../lib/client/client.ts'
import {
  type Exchange,
  errorResponse,
  type Fault,
  type MemoryCluster,
  memoryCluster,
} from '../../../lib/client/memory/index.ts'
import type { ApiName, RequestOf } from '../../../lib/client/protocol/apis.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { LogLines } from './log-lines.ts'

const LIMIT_MS = 600_000

export interface Asked<A extends ApiName = ApiName> {
  readonly atMs: number
  readonly node: number
  readonly api: A
  readonly request: RequestOf<A>
}

export const nobody: GroupMetadata = { groupId: 'the-group', memberId: '', generation: -1, instanceId: null }

export interface BenchOptions {
  readonly latencyMs?: number
  readonly nodes?: number
  readonly partitions?: number
  readonly requestTimeoutMs?: number
  readonly transactionVersion?: 1 | 2
}

export class ProducerBench {
  readonly clock = new VirtualClock()
  readonly log = new LogLines()
  readonly cluster: MemoryCluster
  readonly client: Client
  readonly asked: Asked[] = []
  /** Produce requests sent and not answered, by node. */
  readonly inFlight = new Map<number, number>()
  #fault: (exchange: Exchange) => Fault | undefined = () => undefined

  constructor(options: BenchOptions = {}) {
    const { latencyMs = 2, nodes = 1, partitions = 4, requestTimeoutMs = 10_000, transactionVersion = 1 } = options
    const { clock } = this
    this.cluster = memoryCluster({ clock, latencyMs, nodes, transactionVersion })
    this.cluster.createTopic('t', { partitions })
    for (let partition = 0; partition < partitions; partition++) {
      this.cluster.moveLeader('t', partition, (partition % nodes) + 1)
    }
    this.client = this.cluster.connect({ clientId: 'test', clock, logger: this.log, requestTimeoutMs })
    this.cluster.intercept((exchange) => this.#note(exchange))
  }

  /** From now on this decides what goes wrong. */
  breakWith(fault: (exchange: Exchange) => Fault | undefined): void {
    this.#fault = fault
  }

  /** Requests of one kind are answered with these error codes, one each, then normally. */
  answerWith(api: ApiName, ...codes: readonly number[]): void {
    const left = [...codes]
    this.breakWith((exchange) => {
      if (exchange.api !== api || left.length === 0) return undefined
      return { answer: errorResponse(exchange, left.shift()!) }
    })
  }

  async producer(options: ProducerOptions = {}): Promise<Producer> {
    const producer = this.client.producer(options)
    await this.finished(producer.init())
    return producer
  }

  /** Lets time pass until the promise has settled. */
  async finished<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = (): void => {
      settled = true
    }
    promise.then(done, done)
    await this.clock.advanceUntil(() => settled, LIMIT_MS)
    return promise
  }

  /** The error that a promise ends with. */
  async failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
    try {
      await this.finished(promise)
    } catch (error) {
      return error as Error
    }
    throw new Error('this should have failed')
  }

  requests<A extends ApiName>(api: A): readonly Asked<A>[] {
    return this.asked.filter((each) => each.api === api) as unknown as readonly Asked<A>[]
  }

  values(partition: number): string[] {
    return this.cluster.records('t', partition).map(({ value }) => value!.toString())
  }

  #note(exchange: Exchange): Fault | undefined {
    const { node, api, request } = exchange
    this.asked.push({ atMs: this.clock.now(), node, api, request } as Asked)
    const fault = this.#fault(exchange)
    if (api !== 'produce') return fault
    this.inFlight.set(node, (this.inFlight.get(node) ?? 0) + 1)
    return {
      ...fault,
      onResponse: (response) => {
        // The answer is still on its way when the node has written it.
        this.clock.setTimer(1, () => this.inFlight.set(node, this.inFlight.get(node)! - 1))
        return fault?.onResponse?.(response)
      },
    }
  }
}

export function sendValue(producer: Producer, value: string, partition = 0, topic = 't'): void {
  producer.send(topic, partition, null, Buffer.from(value), 0, NO_HEADERS)
}

export function range(count: number): number[] {
  return [...Array(count).keys()]
}
