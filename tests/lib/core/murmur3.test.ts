import { murmur3 } from '../../../lib/core/murmur3.ts'
import { type JavaBytes, javaBytesOf } from '../../data/java-bytes.ts'

interface Vector extends JavaBytes<{ readonly hex: string }> {
  readonly hash: readonly [string, string]
}

// As Java Kafka Streams hashes the left values of foreign-key joins.
const vectors = javaBytesOf<Vector>('murmur3-128')

describe('murmur3', () => {
  it('hashes as Java does', () => {
    for (const { input, hash } of vectors) {
      const [first, second] = hash.map((half) => half.padStart(16, '0'))
      expect([input.hex, murmur3(Buffer.from(input.hex, 'hex')).toString('hex')]).toEqual([
        input.hex,
        `${first}${second}`,
      ])
    }
  })

  it('is tested with rests of every length, and with several blocks', () => {
    const lengths = vectors.map(({ input }) => input.hex.length / 2)
    expect(new Set(lengths.map((length) => length % 16)).size).toBe(16)
    expect(Math.max(...lengths)).toBeGreaterThan(32)
  })

  it('hashes a part of a larger buffer', () => {
    const bytes = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz')
    expect(murmur3(bytes.subarray(3, 30))).toEqual(murmur3(Buffer.from(bytes.subarray(3, 30))))
  })
})
