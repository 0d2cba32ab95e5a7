import type { StoreBuilder } from '../stores/store.ts'
import { stores } from '../stores/stores.ts'
import { unmatchedStore } from '../stores/unmatched/unmatched-store.ts'
import type { ValueJoiner } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import { JoinWindowNode, StreamJoinNode, type StreamJoinSide } from './graph/stream-join-node.ts'
import { type KnownSerde, madeBy, requireSerde } from './known-serde.ts'
import { storeSettings } from './materialize.ts'
import { STREAM_JOIN } from './option-names.ts'
import { SelfJoinProcessor } from './processors/self-join.ts'
import { StreamJoinProcessor } from './processors/stream-join.ts'
import { repartitionForJoin } from './repartition-for-join.ts'
import { type JoinType, type StreamJoinNames, streamJoinNames } from './stream-join-names.ts'
import type { StreamJoinOptions } from './stream-join-options.ts'
import type { StreamParts } from './stream-parts.ts'

const METHODS = { inner: 'join', left: 'leftJoin', outer: 'outerJoin' } as const

/** The join of two streams, with everything that its parts need to know. */
interface StreamJoin<K, VR> {
  readonly type: JoinType
  readonly joiner: ValueJoiner<K, any, any, VR>
  readonly options: StreamJoinOptions<K, any, any, VR>
  readonly names: StreamJoinNames
}

/** Adds the join of two streams to the graph, and gives what is known of its results. */
export function streamJoin<K, V, VO, VR>(
  leftStream: StreamParts<K, V>,
  rightStream: StreamParts<K, VO>,
  type: JoinType,
  joiner: ValueJoiner<K, any, any, VR>,
  options: StreamJoinOptions<K, V, VO, VR>,
): StreamParts<K, VR> {
  const method = METHODS[type]
  check(method, leftStream, rightStream, joiner, options)
  const { name, key: given } = options
  const side = (suffix: string) => ({ name: name === undefined ? undefined : name + suffix, key: given, method })
  const left = repartitionForJoin(leftStream, { ...side('-left'), value: options.left, valueOption: 'left' })
  const right = repartitionForJoin(rightStream, { ...side('-right'), value: options.right, valueOption: 'right' })
  const { graph } = left
  const join = { type, joiner, options, names: streamJoinNames(graph.names, type, options) }
  const key = left.key.serde === undefined ? right.key : left.key
  const sources = new Set([...left.sources, ...right.sources])
  const [leftSide, rightSide] = [
    sideOf(join, 'left', { key, value: left.value }),
    sideOf(join, 'right', { key, value: right.value }),
  ]
  const { merge } = join.names
  const node = new StreamJoinNode(merge, {
    left: leftSide,
    right: rightSide,
    unmatched: type === 'inner' ? undefined : () => storeOfUnmatched(join, key, left.value, right.value),
    selfJoin: () =>
      new SelfJoinProcessor({ node: merge, store: join.names.left.store, windows: options.within, joiner }),
    sources,
  })
  graph.add(leftSide.window, left.node)
  graph.add(rightSide.window, right.node)
  graph.add(node, left.node, right.node)
  return { graph, node, key, value: madeBy(merge, method, options.value), sources, rekeyed: false }
}

function check(
  method: string,
  left: StreamParts<any, any>,
  right: StreamParts<any, any>,
  joiner: unknown,
  options: StreamJoinOptions<any, any, any, any>,
): void {
  if (left.graph !== right.graph) {
    throw new InvalidArgumentError(method, 'the other stream belongs to another StreamsBuilder.')
  }
  checkCallback(method, joiner)
  checkOptions(method, options, STREAM_JOIN)
  const emitUnmatched: string = options?.emitUnmatched ?? 'as-java'
  if (emitUnmatched !== 'as-java' && emitUnmatched !== 'when-due') {
    throw new InvalidArgumentError(method, `emitUnmatched must be 'as-java' or 'when-due', not '${emitUnmatched}'.`)
  }
  if (options?.within?.kind === 'join') return
  throw new InvalidArgumentError(
    method,
    'two streams are joined within a time: { within: windows.join({ withinMs, graceMs }) }.',
  )
}

function sideOf<K>(
  { type, joiner, options, names }: StreamJoin<K, any>,
  side: 'left' | 'right',
  serdes: { readonly key: KnownSerde<K>; readonly value: KnownSerde<any> },
): StreamJoinSide {
  const [own, other] = side === 'left' ? [names.left, names.right] : [names.right, names.left]
  const settings = {
    node: own.join,
    side,
    joiner,
    windows: options.within,
    otherStore: other.store,
    unmatchedStore: type === 'inner' ? undefined : names.unmatched,
    keepsUnmatched: type === 'outer' || (type === 'left' && side === 'left'),
    bothSides: type === 'outer',
    promptly: options.emitUnmatched === 'when-due',
  }
  return {
    window: new JoinWindowNode(own.window, own.store),
    store: () => windowStore(own.store, { node: own.window, method: METHODS[type], side }, serdes, options),
    joinName: own.join,
    supplier: () => new StreamJoinProcessor(settings),
  }
}

function windowStore<K, V>(
  name: string,
  { side, ...at }: { readonly node: string; readonly method: string; readonly side: 'left' | 'right' },
  serdes: { readonly key: KnownSerde<K>; readonly value: KnownSerde<V> },
  options: StreamJoinOptions<K, any, any, any>,
): StoreBuilder {
  const use = { ...at, purpose: `keeps the store '${name}'` }
  const { beforeMs, afterMs, graceMs } = options.within
  return stores.window(name, {
    ...storeSettings(options),
    key: requireSerde(serdes.key, 'key', use),
    value: requireSerde(serdes.value, side, use),
    windowSizeMs: beforeMs + afterMs,
    retentionMs: beforeMs + afterMs + graceMs,
    retainDuplicates: true,
    logHeaders: true,
  })
}

function storeOfUnmatched<K>(
  { type, options, names }: StreamJoin<K, any>,
  key: KnownSerde<K>,
  left: KnownSerde<any>,
  right: KnownSerde<any>,
): StoreBuilder {
  const use = { node: names.merge, purpose: `keeps the store '${names.unmatched}'`, method: METHODS[type] }
  return unmatchedStore(names.unmatched, {
    ...storeSettings(options),
    key: requireSerde(key, 'key', use),
    left: requireSerde(left, 'left', use),
    right: requireSerde(right, 'right', use),
  })
}
