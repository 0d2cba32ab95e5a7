// Which transactions a changelog holds, from the headers of its batches: how many records each, and when its marker was written.
import { isAbortMarker } from '../../lib/client/protocol/control-batch.ts'
import { HEADER_BYTES, readBatchHeader } from '../../lib/client/protocol/record-batch.ts'
import type { Wire } from '../../lib/client/wire.ts'

const MAX_RESPONSE_BYTES = 8 << 20
const READ_UNCOMMITTED = 0

/** One that was committed. */
export interface ChangelogTransaction {
  /** The offset of its first record. */
  readonly firstOffset: number
  readonly records: number
  /** When the broker wrote its marker, in epoch milliseconds. */
  readonly endedMs: number
}

interface Open {
  readonly firstOffset: number
  records: number
}

/** One partition of a changelog, read from an offset on as it grows. No transaction may be open there at first. */
export class ChangelogLog {
  readonly committed: ChangelogTransaction[] = []
  readonly topic: string
  readonly partition: number
  #aborted = 0
  readonly #wire: Wire
  readonly #open = new Map<number, Open>()
  #position: number

  constructor(wire: Wire, topic: string, partition: number, from: number) {
    this.#wire = wire
    this.topic = topic
    this.partition = partition
    this.#position = from
  }

  get aborted(): number {
    return this.#aborted
  }

  /** Reads up to where the log ends now. */
  async advance(): Promise<void> {
    for (let end = Number.POSITIVE_INFINITY; this.#position < end; ) {
      const { records, highWatermark } = await this.#fetch(await this.#leader())
      end = highWatermark
      this.#read(records)
    }
  }

  /** The last transaction whose marker was there at a time. */
  lastCommittedBy(ms: number): ChangelogTransaction | undefined {
    return this.committed.findLast(({ endedMs }) => endedMs <= ms)
  }

  #read(bytes: Buffer): void {
    for (let at = 0; ; ) {
      const batch = readBatchHeader(bytes, at)
      if (batch === undefined) return
      const { producerId, baseOffset, lastOffset, recordCount, maxTimestamp } = batch
      const recordsAt = at + HEADER_BYTES
      at += batch.sizeBytes
      // A fetch begins with the batch that holds its offset, which may have been read.
      if (baseOffset < this.#position) continue
      this.#position = lastOffset + 1
      if (!batch.control) {
        const open = this.#open.get(producerId) ?? { firstOffset: baseOffset, records: 0 }
        open.records += recordCount
        this.#open.set(producerId, open)
        continue
      }
      const open = this.#open.get(producerId)
      this.#open.delete(producerId)
      if (isAbortMarker(bytes, recordsAt, at)) this.#aborted++
      else if (open !== undefined) this.committed.push({ ...open, endedMs: maxTimestamp })
    }
  }

  async #fetch(nodeId: number): Promise<{ records: Buffer; highWatermark: number }> {
    const partition = {
      partition: this.partition,
      currentLeaderEpoch: -1,
      fetchOffset: this.#position,
      logStartOffset: -1,
      partitionMaxBytes: MAX_RESPONSE_BYTES,
    }
    const response = await this.#wire.send(nodeId, 'fetch', {
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: MAX_RESPONSE_BYTES,
      isolationLevel: READ_UNCOMMITTED,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ name: this.topic, partitions: [partition] }],
      forgottenTopics: [],
      rackId: '',
    })
    const { errorCode, records, highWatermark } = response.topics[0]!.partitions[0]!
    if (errorCode !== 0) throw new Error(`${this.topic}-${this.partition} cannot be read: error ${errorCode}`)
    return { records: records ?? Buffer.alloc(0), highWatermark }
  }

  async #leader(): Promise<number> {
    const { topics } = await this.#wire.send('any', 'metadata', {
      topics: [{ topicId: '0'.repeat(32), name: this.topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    })
    return topics[0]!.partitions.find(({ partitionIndex }) => partitionIndex === this.partition)!.leaderId
  }
}
