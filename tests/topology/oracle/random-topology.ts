// Builds a random case's topology, as far as its description goes: the callbacks do nothing of what the case does.
import { serdes } from '../../../lib/serde/index.ts'
import { stores } from '../../../stores/stores.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'
import type { RandomNode } from './recorded.ts'

/** A node with what its call takes: its name as options, the serdes of its result, its inputs. */
interface Call {
  readonly args: any
  readonly named: { readonly name?: string }
  readonly serdes: { readonly key: any; readonly value: any }
  readonly builder: StreamsBuilder
  readonly target: any
  readonly other: any
}

const S = serdes.string()
const same = (value: any) => value

const VERBS: Record<string, (call: Call) => unknown> = {
  stream: ({ builder, args, named, serdes }) => builder.stream(args.topics, { ...serdes, ...named }),
  filter: ({ target, named }) => target.filter(same, named),
  filterNot: ({ target, named }) => target.filterNot(same, named),
  mapValues: ({ target, named, serdes }) => target.mapValues(same, { value: serdes.value, ...named }),
  flatMapValues: ({ target, named, serdes }) => target.flatMapValues(same, { value: serdes.value, ...named }),
  map: ({ target, named, serdes }) => target.map(same, { ...serdes, ...named }),
  flatMap: ({ target, named, serdes }) => target.flatMap(same, { ...serdes, ...named }),
  selectKey: ({ target, named }) => target.selectKey(same, { key: S, ...named }),
  peek: ({ target, named }) => target.peek(same, named),
  merge: ({ target, other, named }) => target.merge(other, named),
  repartition: ({ target, named, serdes }) => target.repartition({ ...serdes, ...named }),
  toStream: ({ target, named }) => target.toStream(named),
  groupByKey: ({ target, named, serdes }) => target.groupByKey({ ...serdes, ...named }),
  groupBy: ({ target, named, serdes }) => target.groupBy(same, { ...serdes, ...named }),
  count: (call) => call.target.count(materialized(call)),
  reduce: (call) => call.target.reduce(same, materialized(call)),
  aggregate: (call) => call.target.aggregate(same, same, materialized(call)),
  process: ({ builder, target, args, named, serdes }) => {
    builder.addStateStore(stores.keyValue(args.store, { key: S, value: serdes.value }))
    return target.process({ stores: [args.store], create: () => ({ process() {} }), ...serdes, ...named })
  },
  to: ({ target, args, named }) => target.to(args.topic, named),
}

export function randomTopology(nodes: readonly RandomNode[]): Topology {
  const builder = new StreamsBuilder()
  const results = new Map<string, unknown>()
  for (const { id, op, in: inputs = [], args, named, out } of nodes) {
    const [target, other] = inputs.map((input) => results.get(input))
    const call: Call = {
      args,
      named: named === undefined ? {} : { name: named },
      serdes: { key: S, value: out?.value === 'long' ? serdes.long() : S },
      builder,
      target,
      other,
    }
    results.set(id, VERBS[op]!(call))
  }
  return builder.build()
}

// No `store`: the call without Materialized. An empty one: Materialized with serdes and no name.
function materialized({ args, named, serdes }: Call): object {
  if (args?.store === undefined) return named
  const { name, inMemory, logging } = args.store
  return {
    ...serdes,
    ...named,
    ...(name !== undefined && { store: name }),
    ...(inMemory !== undefined && { persistent: !inMemory }),
    ...(logging !== undefined && { logging }),
  }
}
