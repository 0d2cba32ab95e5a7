import { recordBuffer } from '../stores/buffer/record-buffer.ts'
import type { StoreBuilder } from '../stores/store.ts'
import type { ValueJoiner } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import { StreamTableJoinNode } from './graph/stream-table-join-node.ts'
import { madeBy, requireSerde } from './known-serde.ts'
import { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import { STREAM_TABLE_JOIN } from './option-names.ts'
import type { StreamTableJoinOptions } from './options.ts'
import { StreamTableJoinProcessor } from './processors/stream-table-join.ts'
import { BufferedStreamTableJoinProcessor } from './processors/stream-table-join-buffered.ts'
import { repartitionForJoin } from './repartition-for-join.ts'
import { parts, type StreamParts } from './stream-parts.ts'
import { tablePartsOf } from './table-join.ts'

/** Adds a join of a stream with a table to the graph: behind a repartition topic if the stream's keys may have changed. */
export function streamTableJoin<K, V, VT, VR>(
  stream: KStream<K, V>,
  table: KTable<K, VT>,
  type: 'inner' | 'left',
  joiner: ValueJoiner<K, V, any, VR>,
  options: StreamTableJoinOptions<K, V, VT, VR>,
): KStream<K, VR> {
  const method = type === 'left' ? 'leftJoin' : 'join'
  checkCallback(method, joiner)
  checkOptions(method, options, STREAM_TABLE_JOIN)
  const tableParts = tablePartsOf(method, stream[parts], table)
  const { name: given, key, left, graceMs } = options
  checkGrace(method, graceMs)
  const input = repartitionForJoin(stream[parts], { name: given, key, value: left, method, valueOption: 'left' })
  const { graph } = input
  const name = graph.names.nodeOr(given, type === 'left' ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-')
  const view = tableParts.view()
  const sources = new Set([...input.sources, ...tableParts.sources])
  const join = { node: name, view, keyOf: undefined, joiner, left: type === 'left' }
  const node = new StreamTableJoinNode(
    name,
    () =>
      graceMs === undefined
        ? new StreamTableJoinProcessor(join)
        : new BufferedStreamTableJoinProcessor(join, { storeName: bufferName(name), graceMs }),
    { takesNullKeys: type === 'left' },
    view.storeNames,
    sources,
    graceMs === undefined ? undefined : { method, graceMs, buffer: () => bufferOf(name, input, method) },
  )
  graph.add(node, input.node)
  const value = madeBy<VR>(name, method, options.value)
  return new KStream({ graph, node, key: input.key, value, sources, rekeyed: false })
}

function bufferName(node: string): string {
  return `${node}-Buffer`
}

function bufferOf<K, V>(node: string, { key, value }: StreamParts<K, V>, method: string): StoreBuilder {
  const name = bufferName(node)
  const use = { node, purpose: `keeps the buffer '${name}'`, method }
  return recordBuffer(name, {
    key: requireSerde(key, 'key', use),
    value: requireSerde(value, 'left', use),
  })
}

function checkGrace(method: string, graceMs: unknown): void {
  if (graceMs === undefined || (Number.isSafeInteger(graceMs) && (graceMs as number) >= 0)) return
  throw new InvalidArgumentError(method, `graceMs must be whole milliseconds of at least 0, not ${String(graceMs)}.`)
}
