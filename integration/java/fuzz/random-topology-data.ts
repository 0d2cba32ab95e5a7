// Makes a random topology as data: the nodes that tests/golden/random-topology.ts and oracle/RandomTopology.java build.
import type { Chance } from '../../../tests/support/fuzz.ts'
import * as aggregations from './random-aggregations.ts'
import * as joins from './random-joins.ts'
import { RandomNodes } from './random-nodes.ts'
import * as sources from './random-sources.ts'
import * as verbs from './random-verbs.ts'

const MAX_SOURCES = 4
const MAX_VERBS = 16

/** How often each verb is chosen. */
const SHARES: readonly (readonly [number, (made: RandomNodes) => void])[] = [
  [3, verbs.filter],
  [3, verbs.mapValues],
  [6, verbs.streamVerb],
  [1, verbs.split],
  [1, verbs.repartition],
  [2, verbs.toTable],
  [3, verbs.toStream],
  [3, verbs.suppress],
  [1, verbs.processValues],
  [1, verbs.process],
  [2, sources.mid],
  [4, aggregations.aggregateStream],
  [5, aggregations.aggregateWindows],
  [3, aggregations.aggregateTable],
  [2, aggregations.cogroup],
  [4, joins.joinStreams],
  [3, joins.joinTable],
  [1, joins.joinGlobal],
  [4, joins.joinTables],
  [3, joins.joinForeignKey],
]
const VERBS = SHARES.flatMap(([share, verb]) => Array.from({ length: share }, () => verb))

/** @param scaleMs - About how long windows are. */
export function randomTopologyData(chance: Chance, scaleMs: number): Pick<RandomNodes, 'nodes' | 'topics'> {
  const made = new RandomNodes(chance, scaleMs)
  const sourceCount = 1 + chance.below(MAX_SOURCES)
  for (let i = 0; i < sourceCount; i++) sources.source(made)
  const verbCount = 2 + chance.below(MAX_VERBS)
  for (let i = 0; i < verbCount; i++) chance.pick(VERBS)(made)
  sources.sinks(made)
  return made
}
