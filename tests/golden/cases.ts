// Which recorded cases are run, and how each one's topology is built.
import type { Topology } from '../../topology/topology.ts'
import { recordedNames } from '../topology/oracle/recorded.ts'
import { topologies } from '../topology/oracle/topologies.ts'
import { goldenCase } from './golden-case.ts'
import { asOneTask } from './one-task.ts'
import { processorTopologies } from './processor-topologies.ts'
import { randomTopology } from './random-topology.ts'

/** Recorded, described, but not to be run: why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'error-deserialization-continue': 'needs a deserialization handler',
  'error-deserialization-dlq': 'needs a deserialization handler and a dead-letter topic',
  'error-processing-after-rekey-dlq': 'needs a processing handler and a dead-letter topic',
  'error-processing-continue-dlq': 'needs a processing handler and a dead-letter topic',
}

/**
 * Cases whose sub-topologies run in one task, as all do in Java's driver, because something in them looks at more than its own
 * sub-topology. Elsewhere each sub-topology has its task, as in a real application.
 */
const IN_ONE_TASK: Readonly<Record<string, string>> = {
  'random-0032': 'punctuates in stream time, which is the task’s',
  'random-0238': 'punctuates in stream time, which is the task’s',
}

/** By case name. Topologies whose processors do in Java what a description cannot show come last and replace the others. */
const HAND_WRITTEN = new Map([...topologies, ...processorTopologies])

/** The names of all cases that are run. */
export const goldenNames: readonly string[] = recordedNames().filter((name) => LEFT_OUT[name] === undefined)

/** The topology of a case, new each time. */
export function goldenTopology(name: string): Topology {
  const topology = madeTopology(name)
  if (IN_ONE_TASK[name] !== undefined) {
    const physical = asOneTask(topology.physical())
    topology.physical = () => physical
  }
  return topology
}

function madeTopology(name: string): Topology {
  const handWritten = HAND_WRITTEN.get(name)
  if (handWritten !== undefined) return handWritten()
  const { topology } = goldenCase(name)
  if (topology === undefined) throw new Error(`Case '${name}' has no topology: see tests/golden/README.md`)
  return randomTopology(topology.nodes)
}
