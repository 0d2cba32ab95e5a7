// Which recorded cases there are, and how each one's topology is built.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { asOneTask } from '../../lib/testing/one-task.ts'
import type { Topology } from '../../topology/topology.ts'
import { topologies } from '../topology/oracle/topologies.ts'
import type { GoldenCase } from './golden-case.ts'
import { processorTopologies } from './processor-topologies.ts'
import { randomTopology } from './random-topology.ts'
import { handWritten } from './topologies/index.ts'

const FOLDER = fileURLToPath(new URL('../data/oracle/', import.meta.url))
const CASE_FILE = /\.json(\.gz)?$/

/** By case name; of two topologies for a case the later one counts. */
const HAND_WRITTEN = new Map([...topologies, ...processorTopologies, ...handWritten])

/** The cases of a folder, by default of tests/data/oracle, whose names contain one of `only`. */
export function* casesIn(folder = FOLDER, only: readonly string[] = []): Generator<GoldenCase, void, undefined> {
  for (const file of readdirSync(folder).sort()) {
    const name = file.replace(CASE_FILE, '')
    if (!CASE_FILE.test(file) || (only.length > 0 && !only.some((part) => name.includes(part)))) continue
    const bytes = readFileSync(join(folder, file))
    const recorded: GoldenCase = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
    if (recorded.steps !== undefined) yield recorded
  }
}

export function hasTopology({ name, topology }: GoldenCase): boolean {
  return topology !== undefined || HAND_WRITTEN.has(name)
}

/** The topology of a case, new each time. */
export function topologyOf(recorded: GoldenCase): Topology {
  const { name, topology, config } = recorded
  if (topology !== undefined) return randomTopology(topology.nodes, config['topology.optimization'])
  const make = HAND_WRITTEN.get(name)
  if (make === undefined) throw new Error(`Case '${name}' has no topology: see tests/golden/README.md`)
  return make()
}

/**
 * Cases that also run as applications, group and transactions included (golden-run.ts). Not here: what looks beyond its sub-topology, which Java's driver
 * has in the same task.
 */
export const IN_ONE_TASK: Readonly<Record<string, string>> = {
  'random-0032': 'punctuates in stream time, which is the task’s',
  'random-0238': 'punctuates in stream time, which is the task’s',
}

/** The topology of a case for a run as an application. */
export function applicationTopology(recorded: GoldenCase): Topology {
  const topology = topologyOf(recorded)
  if (IN_ONE_TASK[recorded.name] !== undefined) {
    const physical = asOneTask(topology.physical())
    topology.physical = () => physical
  }
  return topology
}
