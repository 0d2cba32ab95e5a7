import type { DemoTask } from './reports.ts'
import type { InstanceSnapshot, Snapshot } from './snapshot.ts'
import { count, type Line, left, type Piece, right, type Style } from './text.ts'

const STATES: Readonly<Record<string, Style>> = {
  RUNNING: 'green',
  REBALANCING: 'yellow',
  STARTING: 'yellow',
  KILLED: 'red',
  ERROR: 'red',
}

/** Who runs which task: a digit where an instance has the task of that partition. */
export function instanceTable({ instances, partitions }: Snapshot, columns: number): readonly Line[] {
  const tasks = Math.max(partitions * 2 + 1, 9)
  // On a narrow screen the last columns would be cut in the middle of a number: they go.
  const numbers = NUMBERS.filter((_, i) => columns >= 24 + 2 * tasks + 10 * (i + 1))
  const header = [` instance  ${left('state', 13)}`, left('flights', tasks), left('totals', tasks)]
  return [
    [[header.join('') + numbers.map(({ name }) => right(name, 10)).join(''), 'dim']],
    ...instances.map(
      (instance): Line => [
        [` ${left(instance.name, 10)}`, 'bold'],
        [left(instance.state, 13), STATES[instance.state] ?? 'dim'],
        ...taskPieces(instance, 'flights', partitions, tasks),
        ...taskPieces(instance, 'totals', partitions, tasks),
        ...numbers.map(({ of }): Piece => [right(of(instance), 10)]),
      ],
    ),
  ]
}

const NUMBERS: readonly { readonly name: string; readonly of: (instance: InstanceSnapshot) => string }[] = [
  { name: 'records/s', of: ({ rate }) => count(rate) },
  { name: 'commits', of: ({ commits }) => count(commits) },
  { name: 'restored', of: ({ restored }) => count(restored) },
]

function taskPieces(
  { tasks }: InstanceSnapshot,
  stage: DemoTask['stage'],
  partitions: number,
  width: number,
): readonly Piece[] {
  const pieces = Array.from({ length: partitions }, (_, partition): Piece => {
    const isHere = tasks.some((task) => task.stage === stage && task.partition === partition)
    return isHere ? [`${partition} `, 'cyan'] : ['· ', 'dim']
  })
  return [...pieces, [' '.repeat(width - 2 * partitions)]]
}
