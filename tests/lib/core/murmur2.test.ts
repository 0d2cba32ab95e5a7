import { murmur2, partitionFor } from '../../../lib/core/murmur2.ts'
import { loadData } from '../../data/load.ts'

interface Vector {
  readonly keyBase64: string
  readonly murmur2: number
  /** For 1, 2, 3 ... partitions. */
  readonly partitions: readonly number[]
}

// Hashes and partitions as Java Kafka gives them, keys of every length from 0.
const { keys } = loadData<{ keys: readonly Vector[] }>('murmur2.json.gz')

describe('murmur2', () => {
  it('hashes and partitions every key as Java does', () => {
    expect(keys.length).toBeGreaterThan(100)
    for (const vector of keys) {
      const key = Buffer.from(vector.keyBase64, 'base64')
      const partitions = vector.partitions.map((_, i) => partitionFor(key, i + 1))
      expect({ hash: murmur2(key), partitions }).toEqual({ hash: vector.murmur2, partitions: vector.partitions })
    }
  })

  it('covers keys that end in the middle of a word, in each way', () => {
    expect(new Set(keys.map((vector) => Buffer.from(vector.keyBase64, 'base64').length % 4))).toEqual(
      new Set([0, 1, 2, 3]),
    )
  })
})
