import type { TestCluster } from '../support/cluster.ts'
import { expectedOf, type Inputs, type TextRecord, textOf } from './expected.ts'
import type { InstanceProcess } from './instance-process.ts'
import { checkOutputs, type Outputs } from './output-check.ts'
import type { KilledState } from './process-faults.ts'
import { restoredAfterKills } from './restore-check.ts'
import { checkStores, readChangelogs } from './store-check.ts'
import { readStores } from './stores.ts'
import { INPUTS, OUTPUTS } from './topology.ts'

/** What the restorer warns of when a store is emptied, and when it stops rather than do that. */
const EMPTIED = /emptied|was lost|set aside/

export interface CheckOptions {
  readonly onlooker: TestCluster
  /** None runs any more. */
  readonly instances: readonly InstanceProcess[]
  readonly killed: readonly KilledState[]
  /** How many records were sent to each input. */
  readonly sent: Readonly<Record<keyof Inputs, number>>
  readonly guarantee: 'exactly_once' | 'at_least_once'
}

export interface CheckedRun {
  readonly violations: readonly string[]
  /** What was read of the outputs. */
  readonly outputs: Outputs
  readonly records: { readonly input: number; readonly output: number; readonly duplicates: number }
  readonly restoredAfterKills: number
}

/** Holds outputs, stores and logs of a run against its inputs and changelogs. */
export async function checkRun(options: CheckOptions): Promise<CheckedRun> {
  const { onlooker, instances, killed, sent, guarantee } = options
  const violations: string[] = []
  const inputs = (await textTopics(onlooker, INPUTS)) as Inputs
  const outputs = (await textTopics(onlooker, OUTPUTS)) as Outputs
  for (const topic of INPUTS) {
    const found = inputs[topic].length
    if (found !== sent[topic]) violations.push(`the input ${topic} has ${found} records of ${sent[topic]} sent`)
  }
  const expected = expectedOf(inputs)
  const found = checkOutputs(outputs, expected, guarantee)
  violations.push(...found.violations)

  const states = (await Promise.all(instances.map(({ stateDir, name }) => readStores(stateDir, name)))).flat()
  const changelogs = await readChangelogs(onlooker, states)
  violations.push(...(await checkStores(states, changelogs, inputs, expected, guarantee)))

  const restored = restoredAfterKills(killed, changelogs)
  violations.push(...restored.violations, ...instances.flatMap(emptiedStores))
  const count = (topics: Readonly<Record<string, readonly unknown[]>>) =>
    Object.values(topics).reduce((sum, { length }) => sum + length, 0)
  return {
    violations,
    outputs,
    records: { input: count(inputs), output: count(outputs), duplicates: found.duplicates },
    restoredAfterKills: restored.records,
  }
}

async function textTopics(
  onlooker: TestCluster,
  topics: readonly string[],
): Promise<Readonly<Record<string, readonly TextRecord[]>>> {
  const read = topics.map(async (topic) => [topic, (await onlooker.readCommitted(topic)).map(textOf)] as const)
  return Object.fromEntries(await Promise.all(read))
}

function emptiedStores(instance: InstanceProcess): readonly string[] {
  return Array.from({ length: instance.lives }, (_, i) => i + 1).flatMap((life) =>
    instance.lines(life).flatMap((line) => {
      if (line.event !== 'log' || !EMPTIED.test(line.message)) return []
      return `${instance.name}, life ${life}: ${line.message} ${JSON.stringify(line.fields)}`
    }),
  )
}
