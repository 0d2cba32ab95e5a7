// Flow: Wire → [fetcher-node] → fetched-partition. One loop for each node that leads partitions we read.
import { partitionKey } from '../core/record.ts'
import type { ClientContext } from './client.ts'
import { OffsetOutOfRangeError } from './errors.ts'
import type { PartitionBuffer, PartitionResponse } from './fetched-partition.ts'
import { nodeError, partitionError } from './fetcher-errors.ts'
import { fetchRequest } from './fetcher-request.ts'
import type { ResponseOf } from './protocol/apis.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'
import type { Wire } from './wire.ts'

/** How long the broker may hold back an answer without records, in milliseconds: four empty requests a second cost a node nothing. */
const LONG_POLL_MS = 250
/**
 * The same, at first, when waiting would be in somebody's way; it doubles with each answer that brings nothing. A broker serves the requests of a
 * connection one after the other, so what comes while one waits has to wait too:
 * - a partition whose buffer was full and has room again. It has half a buffer to be read then, which takes about this long.
 * - partitions that are added. They come in bursts: after a rebalance, while tasks restore, when one starts over.
 */
const FIRST_POLL_MS = 10
/** Up to here it doubles while some partition is full. */
const MAX_SHORT_POLL_MS = 100

/** What a node's loop hands back to the fetcher. */
export interface NodeEvents {
  /** Some partition became readable or failed. */
  onReady(): void
  /** The node does not serve these partitions now, or cannot be reached: their leaders have to be looked up again. */
  onMoved(partitions: readonly PartitionBuffer[], cause: Error | string): void
  /** The node says that a partition's log does not reach to where it is to be read: if it is the leader, that is an error. */
  onOutOfRange(partition: PartitionBuffer, error: OffsetOutOfRangeError): void
  /** The node answered. */
  onAnswer(): void
}

export interface NodeParts {
  readonly node: number
  readonly wire: Wire
  readonly context: ClientContext
  readonly readCommitted: boolean
  readonly events: NodeEvents
}

/** Keeps one Fetch request under way to one node, for all of its partitions that have room. */
export class NodeFetcher {
  readonly #node: number
  readonly #wire: Wire
  readonly #timeoutMs: number
  readonly #readCommitted: boolean
  readonly #events: NodeEvents
  // In the order of the next request: partitions that brought records go to the end.
  readonly #partitions = new Map<string, PartitionBuffer>()
  #running = false
  #closed = false
  #shortPollMs = FIRST_POLL_MS
  #changePollMs = FIRST_POLL_MS
  #wake: (() => void) | undefined

  constructor({ node, wire, context, readCommitted, events }: NodeParts) {
    this.#node = node
    this.#wire = wire
    this.#timeoutMs = context.requestTimeoutMs + LONG_POLL_MS
    this.#readCommitted = readCommitted
    this.#events = events
  }

  add(partition: PartitionBuffer): void {
    this.#changePollMs = FIRST_POLL_MS
    this.#partitions.set(partitionKey(partition.topic, partition.partition), partition)
    if (this.#running) {
      this.wake()
      return
    }
    this.#running = true
    void this.#run()
  }

  remove(partition: PartitionBuffer): void {
    this.#changePollMs = FIRST_POLL_MS
    const key = partitionKey(partition.topic, partition.partition)
    if (this.#partitions.get(key) === partition) this.#partitions.delete(key)
    this.wake()
  }

  /** A partition has room again, or something else that the next request depends on has changed. */
  wake(): void {
    this.#shortPollMs = FIRST_POLL_MS
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#partitions.clear()
    this.wake()
  }

  async #run(): Promise<void> {
    while (!this.#closed && this.#partitions.size > 0) {
      const asked = new Map<string, PartitionBuffer>()
      for (const [key, partition] of this.#partitions) if (partition.hasRoom) asked.set(key, partition)
      if (asked.size === 0) {
        await this.#woken()
        continue
      }
      const someLeftOut = asked.size < this.#partitions.size
      const maxWaitMs = Math.min(someLeftOut ? this.#shortPollMs : LONG_POLL_MS, this.#changePollMs)
      const answer = await this.#fetch(asked, maxWaitMs)
      if (answer === undefined || this.#closed) continue
      this.#events.onAnswer()
      const progress = this.#deliver(asked, answer)
      this.#shortPollMs = progress ? FIRST_POLL_MS : Math.min(this.#shortPollMs * 2, MAX_SHORT_POLL_MS)
      if (!progress) this.#changePollMs = Math.min(this.#changePollMs * 2, LONG_POLL_MS)
    }
    this.#running = false
  }

  async #fetch(
    asked: ReadonlyMap<string, PartitionBuffer>,
    maxWaitMs: number,
  ): Promise<ResponseOf<'fetch'> | undefined> {
    const request = fetchRequest(asked.values(), { readCommitted: this.#readCommitted, maxWaitMs })
    try {
      const response = await this.#wire.send(this.#node, 'fetch', request, { timeoutMs: this.#timeoutMs })
      if (response.errorCode === errorCodes.NONE) return response
      this.#handBackAll(nodeError(response.errorCode, this.#node))
    } catch (error) {
      this.#handBackAll(error as Error)
    }
    return undefined
  }

  // Returns whether any partition made progress.
  #deliver(asked: Map<string, PartitionBuffer>, response: ResponseOf<'fetch'>): boolean {
    const moved: PartitionBuffer[] = []
    let cause = ''
    let progress = false
    let failed = false
    for (const { name, partitions } of response.topics) {
      for (const answer of partitions) {
        const key = partitionKey(name, answer.partitionIndex)
        const partition = asked.get(key)
        asked.delete(key) // should it be answered twice: the second answer begins where the first one did
        if (partition === undefined || partition.removed) continue
        const outcome = outcomeOf(partition, answer)
        if (outcome instanceof OffsetOutOfRangeError) {
          this.remove(partition)
          this.#events.onOutOfRange(partition, outcome)
        } else if (outcome instanceof Error) {
          failed = true
          partition.fail(outcome)
          this.remove(partition)
        } else if (outcome === 'moved') {
          cause = errorName(answer.errorCode)
          moved.push(partition)
        } else if (outcome === 'progress') {
          progress = true
          this.#moveToEnd(partition)
        }
      }
    }
    if (moved.length > 0) this.#handBack(moved, cause)
    if (progress || failed) this.#events.onReady()
    return progress
  }

  #moveToEnd(partition: PartitionBuffer): void {
    const key = partitionKey(partition.topic, partition.partition)
    if (this.#partitions.get(key) !== partition) return
    this.#partitions.delete(key)
    this.#partitions.set(key, partition)
  }

  #handBackAll(cause: Error | string): void {
    if (!this.#closed && this.#partitions.size > 0) this.#handBack([...this.#partitions.values()], cause)
  }

  #handBack(partitions: readonly PartitionBuffer[], cause: Error | string): void {
    for (const partition of partitions) this.remove(partition)
    this.#events.onMoved(partitions, cause)
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function outcomeOf(partition: PartitionBuffer, answer: PartitionResponse): 'progress' | 'nothing' | 'moved' | Error {
  if (answer.errorCode !== errorCodes.NONE) {
    return partitionError(answer.errorCode, partition.topic, partition.partition, partition.fetchOffset)
  }
  try {
    return partition.receive(answer) ? 'progress' : 'nothing'
  } catch (error) {
    return error as Error
  }
}
