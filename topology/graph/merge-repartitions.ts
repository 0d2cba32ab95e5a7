import type { GraphNode } from './graph-node.ts'
import { NameCounter } from './name-counter.ts'
import { RepartitionNode, repartitionNames } from './repartition-node.ts'

/** The repartitions below each node that gives records other keys, in the order in which they were added. */
type RepartitionsByNode = Map<GraphNode, Set<RepartitionNode>>

/**
 * `merge.repartition.topics`: one repartition topic, right below the change of keys, for all verbs that need one because of it. It has the name of the first.
 *
 *   map ─┬─ repartition a ── count             map ── repartition a ─┬─ count
 *        ├─ repartition b ── reduce     →                            ├─ reduce
 *        └─ filter ── repartition c ── join                          └─ filter ── join
 *
 * As in Java, what changes values in between is in the way: the topic would hold other values. Streams with changed keys that merge count as one change,
 * at the merge. Only repartitions made on behalf of a verb are merged, not those that a user asked for. Other than in Java also not those to which records come
 * past the change of keys: these would lose their way through a topic. `nodes` are those of the graph in the order in which they were added.
 */
export function mergeRepartitions(nodes: Iterable<GraphNode>): void {
  const byNode = repartitionsByNode(nodes)
  for (const [keyChanger, repartitions] of byNode) {
    const own = [...repartitions].filter((repartition) => isOnlyBelow(repartition, keyChanger))
    if (own.length > 0) merge(keyChanger, own)
  }
}

function repartitionsByNode(nodes: Iterable<GraphNode>): RepartitionsByNode {
  const byNode: RepartitionsByNode = new Map()
  const merges: GraphNode[] = []
  for (const node of nodes) {
    if (node.traits.changesKeys) byNode.set(node, new Set())
    else if (node.traits.merges) merges.push(node)
    else if (node instanceof RepartitionNode && node.settings.mergeable) {
      const keyChanger = keyChangerAbove(node)
      if (keyChanger !== undefined) byNode.get(keyChanger)?.add(node)
    }
  }
  return atMerges(byNode, merges)
}

function keyChangerAbove(repartition: RepartitionNode): GraphNode | undefined {
  const changer = nearest(repartition, ({ traits }) => Boolean(traits.changesKeys || traits.changesValues))
  return changer?.traits.changesKeys ? changer : undefined
}

/** Moves the repartitions of key changes above a merge to the merge, if all of a change's repartitions are below it. */
function atMerges(byNode: RepartitionsByNode, merges: readonly GraphNode[]): RepartitionsByNode {
  const above = merges.map((merge) => {
    const changers = [...byNode].filter(
      ([changer, repartitions]) =>
        [...repartitions].every((repartition) => childOnWayTo(repartition, merge) !== undefined) &&
        childOnWayTo(merge, changer) !== undefined,
    )
    return [merge, changers.map(([changer]) => changer)] as const
  })
  for (const [merge, changers] of above) {
    byNode.set(merge, new Set(changers.flatMap((changer) => [...(byNode.get(changer) ?? [])])))
  }
  for (const changer of above.flatMap(([, changers]) => changers)) byNode.delete(changer)
  return byNode
}

function merge(keyChanger: GraphNode, repartitions: readonly RepartitionNode[]): void {
  const one = merged(repartitions)
  one.buildPriority = keyChanger.buildPriority
  for (const repartition of repartitions) {
    // Another one may have moved it below the new topic already.
    const child = childOnWayTo(repartition, keyChanger) ?? childOnWayTo(repartition, one)
    if (child === undefined) continue
    one.addChild(child)
    keyChanger.removeChild(child)
    for (const parent of repartition.parents) {
      for (const below of repartition.children) parent.addChild(below)
      parent.removeChild(repartition)
    }
    for (const below of [...repartition.children]) repartition.removeChild(below)
    repartition.replacedBy = one
  }
  keyChanger.addChild(one)
}

function merged(repartitions: readonly RepartitionNode[]): RepartitionNode {
  const settings = repartitions.map((repartition) => repartition.settings)
  const first = settings[0]!
  // A topic's name is not taken for a generated one: no number of the graph's counter is needed.
  return new RepartitionNode(repartitionNames(new NameCounter(), repartitions[0]!.topics[0]!.name), {
    ...first,
    key: settings.find(({ key }) => key.serde !== undefined)?.key ?? first.key,
    value: settings.find(({ value }) => value.serde !== undefined)?.value ?? first.value,
  })
}

/** Whether every way from a source to the node goes through `ancestor`. */
function isOnlyBelow(node: GraphNode, ancestor: GraphNode): boolean {
  const above = new Set([node])
  for (const each of above) {
    if (each === ancestor) continue
    if (each.parents.size === 0) return false
    for (const parent of each.parents) above.add(parent)
  }
  return true
}

/** Of a node and those above it, the one right below `ancestor`. */
function childOnWayTo(node: GraphNode, ancestor: GraphNode): GraphNode | undefined {
  return nearest(node, ({ parents }) => parents.has(ancestor))
}

/** As Java looks: of several parents the last one's way counts, unless one of them matches itself. */
function nearest(node: GraphNode, matches: (node: GraphNode) => boolean): GraphNode | undefined {
  if (matches(node)) return node
  let found: GraphNode | undefined
  for (const parent of node.parents) {
    if (matches(parent)) return parent
    found = nearest(parent, matches)
  }
  return found
}
