// The text committed beside an offset: Java Kafka Streams' TopicPartitionMetadata, version 2, so that either can go on
// where the other stopped. Base64 of: version (1 byte), partition time (8), then a map of names (4-byte length, UTF-8)
// to numbers (8), led by its size (4); an empty map is left out.

/** What a partition's commit remembers besides the offset. Times in epoch milliseconds, -1: none yet. */
export interface PartitionMetadata {
  readonly partitionTimeMs: number
  /** Times that operators remember, by name. */
  readonly operatorTimesMs: ReadonlyMap<string, number>
  /**
   * How many times the task has committed, this commit included; 0: none, or by Java. After a commit of which nobody said what became of it, this
   * tells. Kept in the map, under a name that no operator has.
   */
  readonly commitCount: number
}

const VERSION = 2
const COMMIT_COUNT = 'millrace.txn'

export function encodePartitionMetadata(metadata: PartitionMetadata): string {
  const names = [...metadata.operatorTimesMs].map(([name, timeMs]) => ({ name: Buffer.from(name), timeMs }))
  if (metadata.commitCount > 0) names.push({ name: Buffer.from(COMMIT_COUNT), timeMs: metadata.commitCount })
  const mapBytes = names.length === 0 ? 0 : names.reduce((sum, { name }) => sum + 12 + name.length, 4)
  const bytes = Buffer.alloc(9 + mapBytes)
  bytes.writeInt8(VERSION, 0)
  bytes.writeBigInt64BE(BigInt(metadata.partitionTimeMs), 1)
  if (names.length > 0) {
    let at = bytes.writeInt32BE(names.length, 9)
    for (const { name, timeMs } of names) {
      at = bytes.writeInt32BE(name.length, at)
      at += name.copy(bytes, at)
      at = bytes.writeBigInt64BE(BigInt(timeMs), at)
    }
  }
  return bytes.toString('base64')
}

/** Text that is not ours, or damaged, counts as none: times are then learned anew from the records. */
export function decodePartitionMetadata(text: string): PartitionMetadata {
  const bytes = Buffer.from(text, 'base64')
  const isKnown = bytes.length >= 9 && (bytes[0] === 1 || bytes[0] === VERSION)
  const numbers = isKnown ? mapOf(bytes) : new Map<string, number>()
  const commitCount = numbers.get(COMMIT_COUNT) ?? 0
  numbers.delete(COMMIT_COUNT)
  return { partitionTimeMs: isKnown ? Number(bytes.readBigInt64BE(1)) : -1, operatorTimesMs: numbers, commitCount }
}

function mapOf(bytes: Buffer): Map<string, number> {
  const numbers = new Map<string, number>()
  if (bytes[0] !== VERSION || bytes.length === 9) return numbers
  try {
    let at = 13
    for (let left = bytes.readInt32BE(9); left > 0; left--) {
      const length = bytes.readInt32BE(at)
      numbers.set(bytes.toString('utf8', at + 4, at + 4 + length), Number(bytes.readBigInt64BE(at + 4 + length)))
      at += 12 + length
    }
    return numbers
  } catch {
    return new Map()
  }
}
