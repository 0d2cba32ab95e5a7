import type { TestDriverOptions } from '../../lib/testing/index.ts'
import type { GoldenCase } from './golden-case.ts'

/** Settings of Java that say something about the topology and not about the driver: the topology is built with them. */
const OF_THE_TOPOLOGY = new Set([
  'topology.optimization',
  'default.key.serde',
  'default.value.serde',
  'dsl.store.format',
])

/** The options that stand for Java's settings of a case. */
export function driverConfig({ name, config }: GoldenCase): Partial<TestDriverOptions> {
  for (const setting of Object.keys(config)) {
    if (!OF_THE_TOPOLOGY.has(setting)) throw new Error(`case '${name}': nothing stands for the setting ${setting}`)
  }
  return {}
}
