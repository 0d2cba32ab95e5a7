import { Random } from '../../lib/testing/simulation/random.ts'

/** Numbers in [0, 1) that depend on the seed alone. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed)
  return () => random.next()
}
