const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Java Kafka's hash of a record key: murmur2 of the bytes, as a signed 32-bit number. */
export function murmur2(bytes: Buffer): number {
  const length = bytes.length
  let hash = SEED ^ length

  const wholeWords = length & ~3
  for (let i = 0; i < wholeWords; i += 4) {
    let word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    word = Math.imul(word, M)
    word ^= word >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(word, M)
  }

  const rest = length & 3
  if (rest > 0) {
    if (rest > 2) hash ^= bytes[wholeWords + 2]! << 16
    if (rest > 1) hash ^= bytes[wholeWords + 1]! << 8
    hash = Math.imul(hash ^ bytes[wholeWords]!, M)
  }

  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}

/** The partition, from 0 to `partitionCount` - 1, that Java's default partitioner gives a record with this key. */
export function partitionFor(keyBytes: Buffer, partitionCount: number): number {
  return (murmur2(keyBytes) & 0x7fffffff) % partitionCount
}
