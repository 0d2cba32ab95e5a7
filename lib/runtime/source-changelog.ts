// Flow: source topic → fetcher → record-queue → [source-changelog] → restorer
import type { SourceNode } from '../../topology/physical.ts'
import type { ConsumedRecord } from '../core/record.ts'
import type { RecordQueue } from './record-queue.ts'

/**
 * Reads a source topic as the changelog of a table: what the table made of each record, in the form that its store logs. Records pass the deserialization of the
 * source, its timestamp extractor included, and are serialized anew: so they are left out, or stored, under the same bytes and time as when they were consumed.
 */
export class SourceChangelog {
  readonly #queue: RecordQueue
  readonly #source: SourceNode
  readonly #target: number

  /** @param target - The offset up to which the topic was consumed. */
  constructor(queue: RecordQueue, target: number) {
    this.#queue = queue
    this.#source = queue.source
    this.#target = target
  }

  /** The offset of the next record; `target` when all have been read. */
  get position(): number {
    return Math.min(this.#queue.position, this.#target)
  }

  next(): ConsumedRecord | undefined {
    const head = this.#queue.peek()
    if (head === undefined || head.offset >= this.#target) return undefined
    const { key, value, timestamp, headers, offset } = this.#queue.take()
    const { topic } = this.#queue.fetched
    return {
      offset,
      timestamp,
      headers,
      key: key === null ? null : this.#source.keySerde.serialize(topic, key),
      value: value === null ? null : this.#source.valueSerde.serialize(topic, value),
    }
  }
}
