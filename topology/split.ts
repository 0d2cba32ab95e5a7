import type { Predicate } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import { ProcessorGraphNode } from './graph/processor-graph-node.ts'
import { KStream } from './kstream.ts'
import { checkNodeName } from './names.ts'
import { BRANCH, NAMED } from './option-names.ts'
import type { NamedOptions } from './options.ts'
import { MergeProcessor } from './processors/merge.ts'
import { type Branch, SplitProcessor } from './processors/split.ts'
import { parts } from './stream-parts.ts'

/** A branch of `split` with more than its condition. */
export interface BranchOptions<K, V, R = KStream<K, V>> {
  /** Which records it takes, of those that no branch before it took. `'default'`: all that are left. */
  readonly when: Predicate<K, V> | 'default'
  /** Behind the name of the split this names the branch's node; default: the branch's number, 0 for the default branch. */
  readonly name?: string
  /** Goes on with the branch; what it returns is what `split` gives for it. */
  readonly chain?: (branch: KStream<K, V>) => R
}

/** What `split` takes for each branch. */
export type BranchCondition<K, V> = Predicate<K, V> | 'default' | BranchOptions<K, V, any>

/** What `split` gives for each branch: its stream, or what its `chain` made of it. */
export type Branches<K, V, B> = {
  readonly [Name in keyof B]: B[Name] extends { readonly chain: (branch: any) => infer R } ? R : KStream<K, V>
}

const ARRAY_INDEX = /^(0|[1-9]\d*)$/

/** Adds `split()` to the graph. */
export function split<K, V, B extends Readonly<Record<string, BranchCondition<K, V>>>>(
  stream: KStream<K, V>,
  conditions: B,
  options: NamedOptions,
): Branches<K, V, B> {
  const entries = branchesOf<K, V>(conditions)
  checkOptions('split', options, NAMED)
  const { graph, node: parent } = stream[parts]
  const name = graph.names.nodeOr(options.name, 'KSTREAM-BRANCH-')
  const branches: Branch<K, V>[] = []
  let defaultChild: string | undefined
  const node = new ProcessorGraphNode(name, () => new SplitProcessor(name, branches, defaultChild))
  graph.add(node, parent)
  const results: Record<string, unknown> = {}
  for (const [key, { when, name: branchName, chain }] of entries) {
    const child = name + (branchName ?? (when === 'default' ? 0 : branches.length + 1))
    checkNodeName(child)
    // As in Java a branch takes a number that its name does not show.
    graph.names.node(child)
    if (when === 'default') defaultChild = child
    else branches.push({ accepts: when, child })
    const passes = new ProcessorGraphNode(child, () => new MergeProcessor())
    graph.add(passes, node)
    const branch = new KStream<K, V>({ ...stream[parts], node: passes })
    results[key] = chain === undefined ? branch : chain(branch)
  }
  return results as Branches<K, V, B>
}

function branchesOf<K, V>(
  conditions: Readonly<Record<string, BranchCondition<K, V>>>,
): readonly (readonly [string, BranchOptions<K, V, unknown>])[] {
  const entries = Object.entries(conditions ?? {}).map(([key, condition]) => {
    const branch: BranchOptions<K, V, unknown> =
      typeof condition === 'function' || condition === 'default' ? { when: condition } : condition
    checkOptions(`split: ${key}`, branch, BRANCH)
    if (branch?.when !== 'default') checkCallback('split', branch?.when)
    return [key, branch] as const
  })
  if (entries.length === 0) throw new InvalidArgumentError('split', 'needs at least one branch.')
  const index = entries.find(([key]) => ARRAY_INDEX.test(key))
  if (index !== undefined) {
    throw new InvalidArgumentError(
      'split',
      `a branch is called '${index[0]}'; JavaScript puts keys that are numbers first, so the order would not be yours. Use other names.`,
    )
  }
  const last = entries.findIndex(([, { when }]) => when === 'default')
  if (last !== -1 && last !== entries.length - 1) {
    throw new InvalidArgumentError('split', `the default branch '${entries[last]![0]}' must be the last one.`)
  }
  return entries
}
