import type { Exchange } from '../../client/memory/faults.ts'
import type { MemoryCluster } from '../../client/memory/index.ts'
import type { ResponseOf } from '../../client/protocol/apis.ts'
import { partitionKey, type StreamRecord } from '../../core/record.ts'
import type { SimulatedProcess } from './process.ts'
import { SECOND_COPIES } from './process-wires.ts'

/** What one life of an instance knows of a partition. */
interface Known {
  /** The offset behind the last record that it has read. */
  readUpTo: number
  /** The committed offset that it was told last. */
  startedAt: number
}

/** Watches what the application reads and commits: nothing that was aborted is read, and nothing is committed that has not been read. */
export class ReadCheck {
  readonly #cluster: MemoryCluster
  readonly #violations: string[]
  readonly #read = new Map<string, Set<number>>()
  readonly #known = new Map<string, Map<string, Known>>()

  constructor(cluster: MemoryCluster, violations: string[]) {
    this.#cluster = cluster
    this.#violations = violations
    cluster.intercept((exchange) => this.#look(exchange))
  }

  onRead(process: SimulatedProcess, { topic, partition, offset }: StreamRecord<any, any>): void {
    const key = partitionKey(topic, partition)
    let offsets = this.#read.get(key)
    if (offsets === undefined) {
      offsets = new Set()
      this.#read.set(key, offsets)
    }
    offsets.add(offset)
    const known = this.#knownTo(process.name, key)
    known.readUpTo = Math.max(known.readUpTo, offset + 1)
  }

  /** To be called when no transaction is open any more. */
  checkAborted(topics: readonly string[]): void {
    for (const topic of topics) {
      for (let partition = 0; partition < this.#cluster.partitionCount(topic); partition++) {
        const { logStartOffset } = this.#cluster.partition(topic, partition)
        const valid = new Set(this.#cluster.records(topic, partition).map(({ offset }) => offset))
        for (const offset of this.#read.get(partitionKey(topic, partition)) ?? []) {
          if (offset >= logStartOffset && !valid.has(offset))
            this.#violations.push(`an aborted record was read: ${topic}-${partition} offset ${offset}`)
        }
      }
    }
  }

  #look(exchange: Exchange): undefined {
    const { api, request, clientId } = exchange
    const isCommit = api === 'txnOffsetCommit' || api === 'txnOffsetCommitV5' || api === 'offsetCommit'
    if (clientId !== SECOND_COPIES && isCommit) {
      // What the group cannot check, it cannot refuse.
      if (request.memberId === '' || request.generationId < 0)
        this.#violations.push(`${clientId} commits as no member of the group`)
      for (const { name, partitions } of request.topics) {
        for (const { partitionIndex, committedOffset } of partitions) {
          this.#checkCommit(clientId, name, partitionIndex, committedOffset)
        }
      }
    }
    return undefined
  }

  /** A process is told committed offsets. */
  onCommitted(process: SimulatedProcess, { topics }: ResponseOf<'offsetFetch'>): void {
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, committedOffset } of partitions) {
        this.#knownTo(process.name, partitionKey(name, partitionIndex)).startedAt = committedOffset
      }
    }
  }

  // Beyond what this process has read there may only be what is no record: markers, and what was aborted.
  #checkCommit(clientId: string, topic: string, partition: number, offset: number): void {
    const { readUpTo, startedAt } = this.#knownTo(clientId, partitionKey(topic, partition))
    const from = Math.max(readUpTo, startedAt)
    if (offset <= from) return
    const skipped = this.#cluster.records(topic, partition, 'read_committed', from).find((one) => one.offset < offset)
    if (skipped === undefined) return
    this.#violations.push(
      `${clientId} commits offset ${offset} of ${topic}-${partition}, and has not read the record at ${skipped.offset}`,
    )
  }

  #knownTo(process: string, key: string): Known {
    let ofProcess = this.#known.get(process)
    if (ofProcess === undefined) {
      ofProcess = new Map()
      this.#known.set(process, ofProcess)
    }
    let known = ofProcess.get(key)
    if (known === undefined) {
      known = { readUpTo: 0, startedAt: 0 }
      ofProcess.set(key, known)
    }
    return known
  }
}
