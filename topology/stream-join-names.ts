import type { NameCounter } from './graph/name-counter.ts'
import { checkNodeName, checkStoreName } from './names.ts'
import type { StreamJoinOptions } from './stream-join-options.ts'

/** Which streams have results for records without a match: none, the left one, both. */
export type JoinType = 'inner' | 'left' | 'outer'

export interface JoinSideNames {
  /** The node that keeps the side's records. */
  readonly window: string
  /** The node that joins them. */
  readonly join: string
  readonly store: string
}

/** The names of a join's nodes and stores. */
export interface StreamJoinNames {
  readonly left: JoinSideNames
  readonly right: JoinSideNames
  /** The node behind both sides. */
  readonly merge: string
  /** The store of records without a match, of left and outer joins. */
  readonly unmatched: string
}

/**
 * Names a join as Java does. A name given stands before suffixes; without one, nodes take numbers, and the stores are named after the nodes. Uses up five
 * numbers in any case.
 */
export function streamJoinNames(
  names: NameCounter,
  type: JoinType,
  { name, store }: Pick<StreamJoinOptions<any, any, any, any>, 'name' | 'store'>,
): StreamJoinNames {
  // As in Java a side is called outer if the other one has results without a match.
  const [left, right] = [type === 'outer' ? 'OUTERTHIS' : 'JOINTHIS', type === 'inner' ? 'JOINOTHER' : 'OUTEROTHER']
  const [leftSuffix, rightSuffix] = [
    type === 'outer' ? '-outer-this-join' : '-this-join',
    type === 'inner' ? '-other-join' : '-outer-other-join',
  ]
  const leftWindow = names.suffixedOr(name, '-this-windowed', 'KSTREAM-WINDOWED-')
  const rightWindow = names.suffixedOr(name, '-other-windowed', 'KSTREAM-WINDOWED-')
  const leftNode = names.node(`KSTREAM-${left}-`)
  const rightNode = names.node(`KSTREAM-${right}-`)
  const merge = names.suffixedOr(name, '-merge', 'KSTREAM-MERGE-')
  const joinNode = (generated: string, suffix: string) => (name === undefined ? generated : name + suffix)
  const storeName = (side: 'left' | 'right', generated: string, suffix: string) =>
    typeof store === 'object' ? store[side] : `${store === undefined ? generated : store + suffix}-store`
  const shared = type === 'outer' ? '-outer-shared-join' : '-left-shared-join'
  const base = typeof store === 'object' ? store.left : store
  const number = leftNode.slice(`KSTREAM-${left}-`.length)
  const all = {
    left: {
      window: leftWindow,
      join: joinNode(leftNode, leftSuffix),
      store: storeName('left', leftNode, leftSuffix),
    },
    right: {
      window: rightWindow,
      join: joinNode(rightNode, rightSuffix),
      store: storeName('right', rightNode, rightSuffix),
    },
    merge,
    unmatched: `${base === undefined ? `KSTREAM-OUTERSHARED-${number}` : base + shared}-store`,
  }
  for (const side of [all.left, all.right]) {
    checkNodeName(side.join)
    checkStoreName(side.store)
  }
  checkStoreName(all.unmatched)
  return all
}
