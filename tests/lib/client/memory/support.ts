import { type MemoryCluster, type MemoryClusterOptions, memoryCluster } from '../../../../lib/client/memory/index.ts'
import type { RequestOf, ResponseOf } from '../../../../lib/client/protocol/apis.ts'
import { errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { RecordBatchBuilder } from '../../../../lib/client/protocol/record-batch-builder.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { VirtualClock } from '../../../../lib/core/clock.ts'
import { type Headers, NO_HEADERS } from '../../../../lib/core/record.ts'

/** Virtual time starts here, so that timestamps near it are allowed. */
export const START_MS = 1_700_000_000_000

export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

export type PlainRecord = readonly [key: string | null, value: string | null, timestamp?: number, headers?: Headers]

export interface BatchOptions {
  readonly producer?: Producer
  readonly sequence?: number
  readonly transactional?: boolean
  readonly codec?: 'none' | 'gzip' | 'zstd'
}

/** A batch as a producer sends it. */
export function batchOf(records: readonly PlainRecord[], options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder({ codec: options.codec ?? 'none' })
  for (const [key, value, timestamp, headers] of records) {
    builder.append(bytes(key), bytes(value), timestamp ?? START_MS, headers ?? NO_HEADERS)
  }
  return builder.finish({
    producerId: options.producer?.producerId ?? -1,
    producerEpoch: options.producer?.producerEpoch ?? -1,
    baseSequence: options.sequence ?? (options.producer === undefined ? -1 : 0),
    transactional: options.transactional ?? false,
  })
}

export function bytes(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}

/** A cluster on a virtual clock, one wire, and short ways to send single requests. */
export class Bench {
  readonly clock = new VirtualClock(START_MS)
  readonly cluster: MemoryCluster
  readonly wire: Wire

  constructor(options: MemoryClusterOptions = {}) {
    this.cluster = memoryCluster({ clock: this.clock, clusterId: 'test', ...options })
    this.wire = this.cluster.open('produce')
  }

  leader(topic: string, partition: number): number {
    return this.cluster.partition(topic, partition).leader
  }

  async produce(
    topic: string,
    records: Buffer,
    options: { partition?: number; transactionalId?: string; node?: number; wire?: Wire } = {},
  ): Promise<ResponseOf<'produce'>['topics'][number]['partitions'][number]> {
    const index = options.partition ?? 0
    const node = options.node ?? this.leader(topic, index)
    const response = await (options.wire ?? this.wire).send(node, 'produce', {
      transactionalId: options.transactionalId ?? null,
      acks: -1,
      timeoutMs: 1000,
      topics: [{ name: topic, partitions: [{ index, records }] }],
    })
    return response.topics[0]!.partitions[0]!
  }

  fetchRequest(
    topic: string,
    offset: number,
    options: {
      partition?: number
      isolation?: 0 | 1
      maxWaitMs?: number
      minBytes?: number
      maxBytes?: number
      partitionMaxBytes?: number
    } = {},
  ): RequestOf<'fetch'> {
    return {
      replicaId: -1,
      maxWaitMs: options.maxWaitMs ?? 0,
      minBytes: options.minBytes ?? 1,
      maxBytes: options.maxBytes ?? 50_000_000,
      isolationLevel: options.isolation ?? 1,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          name: topic,
          partitions: [
            {
              partition: options.partition ?? 0,
              currentLeaderEpoch: -1,
              fetchOffset: offset,
              logStartOffset: -1,
              partitionMaxBytes: options.partitionMaxBytes ?? 1_048_576,
            },
          ],
        },
      ],
      forgottenTopics: [],
      rackId: '',
    }
  }

  async fetch(
    topic: string,
    offset: number,
    options: Parameters<Bench['fetchRequest']>[2] & { node?: number } = {},
  ): Promise<ResponseOf<'fetch'>['topics'][number]['partitions'][number]> {
    const node = options.node ?? this.leader(topic, options.partition ?? 0)
    const response = await this.wire.send(node, 'fetch', this.fetchRequest(topic, offset, options))
    return response.topics[0]!.partitions[0]!
  }

  async listOffset(
    topic: string,
    timestamp: number,
    isolationLevel: 0 | 1 = 1,
  ): Promise<ResponseOf<'listOffsets'>['topics'][number]['partitions'][number]> {
    const response = await this.wire.send(this.leader(topic, 0), 'listOffsets', {
      replicaId: -1,
      isolationLevel,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }] }],
    })
    return response.topics[0]!.partitions[0]!
  }

  async coordinator(type: 'group' | 'transaction', key: string): Promise<number> {
    const { nodeId } = await this.wire.send('any', 'findCoordinator', { key, keyType: type === 'group' ? 0 : 1 })
    return nodeId
  }

  /** Sends InitProducerId until it is not told to wait. */
  async init(transactionalId: string, expected?: Producer, timeoutMs = 60_000): Promise<Producer & { error: string }> {
    for (;;) {
      const node = await this.coordinator('transaction', transactionalId)
      const { errorCode, producerId, producerEpoch } = await this.wire.send(node, 'initProducerId', {
        transactionalId,
        transactionTimeoutMs: timeoutMs,
        producerId: expected?.producerId ?? -1,
        producerEpoch: expected?.producerEpoch ?? -1,
      })
      const error = errorName(errorCode)
      if (error !== 'CONCURRENT_TRANSACTIONS') return { error, producerId, producerEpoch }
      await this.clock.advance(1)
    }
  }

  async addPartitions(
    transactionalId: string,
    producer: Producer,
    topic: string,
    partitions: readonly number[] = [0],
  ): Promise<string> {
    const node = await this.coordinator('transaction', transactionalId)
    const { topics } = await this.wire.send(node, 'addPartitionsToTxn', {
      transactionalId,
      ...identity(producer),
      topics: [{ name: topic, partitions }],
    })
    return errorName(topics[0]!.partitions[0]!.errorCode)
  }

  async addOffsets(transactionalId: string, producer: Producer, groupId: string): Promise<string> {
    const node = await this.coordinator('transaction', transactionalId)
    const request = { transactionalId, ...identity(producer), groupId }
    return errorName((await this.wire.send(node, 'addOffsetsToTxn', request)).errorCode)
  }

  /** The answer to EndTxn. Markers are not written yet when it comes. */
  async endTxn(transactionalId: string, producer: Producer, committed: boolean): Promise<string> {
    const node = await this.coordinator('transaction', transactionalId)
    const request = { transactionalId, ...identity(producer), committed }
    return errorName((await this.wire.send(node, 'endTxn', request)).errorCode)
  }

  /** A whole transaction with one batch, markers included. */
  async transact(
    transactionalId: string,
    producer: Producer,
    topic: string,
    sequence: number,
    records: readonly PlainRecord[],
    committed: boolean,
  ): Promise<void> {
    await this.addPartitions(transactionalId, producer, topic)
    const batch = batchOf(records, { producer, sequence, transactional: true })
    await this.produce(topic, batch, { transactionalId })
    await this.endTxn(transactionalId, producer, committed)
    await this.markers()
  }

  /** Lets the markers of ended transactions be written. */
  async markers(): Promise<void> {
    await this.clock.advance(0)
  }

  /** `key=value` of what a reader gets. */
  texts(topic: string, isolation?: 'read_committed' | 'read_uncommitted'): string[] {
    return this.cluster
      .records(topic, 0, isolation)
      .map(({ offset, key, value }) => `${offset}:${key?.toString() ?? null}=${value?.toString() ?? null}`)
  }
}

function identity({ producerId, producerEpoch }: Producer): Producer {
  return { producerId, producerEpoch }
}

/** Whether a promise has settled, after all that can happen without time passing has happened. */
export async function isSettled(clock: VirtualClock, promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await clock.advance(0)
  return settled
}
