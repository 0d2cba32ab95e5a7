import { Chance } from '../../../tests/support/fuzz.ts'
import type { OracleInput } from '../java-oracle.ts'
import { randomSteps } from './random-inputs.ts'
import { randomTopologyData } from './random-topology-data.ts'

const OPTIMIZATIONS = [
  undefined,
  undefined,
  'all',
  'all',
  'reuse.ktable.source.topics',
  'merge.repartition.topics',
  'single.store.self.join',
  'reuse.ktable.source.topics,merge.repartition.topics',
]
const SCALES_MS = [3, 20, 100, 20_000]

/** A case without results: the same for the same seed. */
export function randomCase(seed: number): OracleInput {
  const chance = new Chance(seed)
  const scaleMs = chance.pick(SCALES_MS)
  const { nodes, topics } = randomTopologyData(chance, scaleMs)
  const optimization = chance.pick(OPTIMIZATIONS)
  return {
    applicationId: 'fuzz-app',
    config: {
      ...(optimization !== undefined && { 'topology.optimization': optimization }),
      ...(chance.oneIn(8) && { 'dsl.store.format': 'headers' }),
    },
    initialWallClockMs: chance.pick([0, 0, 1_700_000_000_123]),
    topology: { nodes },
    steps: randomSteps(chance, topics, scaleMs),
  }
}
