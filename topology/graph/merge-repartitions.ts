import { ForeignKeyJoinNode } from './foreign-key-join-node.ts'
import type { GraphNode, SourceGraphNode } from './graph-node.ts'
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
 * at the merge. Only repartitions made on behalf of a verb are merged, not those that a user asked for. Records that merge with those of the change, their keys as in
 * their topics, no longer go through one. Other than in Java repartitions stay which other records would then come around: see `sourcesPast`. `nodes` are those of
 * the graph in the order in which they were added.
 */
export function mergeRepartitions(nodes: Iterable<GraphNode>): void {
  const byNode = repartitionsByNode(nodes)
  for (const [keyChanger, repartitions] of byNode) {
    const own = [...repartitions].filter((repartition) => sourcesPast(repartition, keyChanger) !== undefined)
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
    const past = sourcesPast(repartition, keyChanger.children.has(child) ? keyChanger : one) ?? []
    one.addChild(child)
    keyChanger.removeChild(child)
    for (const parent of repartition.parents) {
      for (const below of repartition.children) parent.addChild(below)
      parent.removeChild(repartition)
    }
    for (const below of [...repartition.children]) repartition.removeChild(below)
    repartition.replacedBy = [one, ...past]
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

/**
 * Of a repartition that is to move right below `above`: where the records come from that reach it on other ways. Once it has moved they stay in their partitions, so the
 * topics must be co-partitioned with the new one. Undefined: it has to stay where it is, since some of these records have other keys than in their topics.
 */
function sourcesPast(repartition: RepartitionNode, above: GraphNode): readonly SourceGraphNode[] | undefined {
  const moved = childOnWayTo(repartition, above)
  const sources: SourceGraphNode[] = []
  const seen = new Set(keyedLike(repartition))
  if (moved === repartition) seen.delete(above)
  for (const node of seen) {
    if (node === above || node.traits.changesKeys) return undefined
    if (isSource(node)) {
      if (node instanceof RepartitionNode && node.settings.partitioner !== undefined) return undefined
      sources.push(node)
      continue
    }
    for (const parent of keyedLike(node)) if (node !== moved || parent !== above) seen.add(parent)
  }
  return sources
}

/** The parents whose records give a node's their keys. */
function keyedLike(node: GraphNode): Iterable<GraphNode> {
  return node instanceof ForeignKeyJoinNode ? [node.left] : node.parents
}

function isSource(node: GraphNode): node is GraphNode & SourceGraphNode {
  return 'topics' in node
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
