// Builds a random case's topology from its data, node by node in the order of the data: generated names carry a counter.
import { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { KeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import type { RandomNode } from '../topology/oracle/recorded.ts'
import { entriesOf } from './processor-topologies.ts'
import { aggregators, keys, lists, made, pairs, predicates, reducers, values } from './random-functions.ts'

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

const VERBS: Record<string, (call: Call) => unknown> = {
  stream: ({ builder, args, named, serdes }) => builder.stream(args.topics, { ...serdes, ...named }),
  filter: ({ target, args, named }) => target.filter(made(predicates, args.fn), named),
  filterNot: ({ target, args, named }) => target.filterNot(made(predicates, args.fn), named),
  mapValues: ({ target, args, named, serdes }) =>
    target.mapValues(made(values, args.fn), { value: serdes.value, ...named }),
  flatMapValues: ({ target, args, named, serdes }) =>
    target.flatMapValues(made(lists, args.fn), { value: serdes.value, ...named }),
  map: ({ target, args, named, serdes }) => {
    const [key, value] = [made(keys, args.key), made(values, args.value)]
    return target.map((v: any, k: any) => [key(v, k), value(v, k)], { ...serdes, ...named })
  },
  flatMap: ({ target, args, named, serdes }) => target.flatMap(made(pairs, args.fn), { ...serdes, ...named }),
  selectKey: ({ target, args, named }) => target.selectKey(made(keys, args.key), { key: S, ...named }),
  peek: ({ target, named }) => target.peek(() => undefined, named),
  merge: ({ target, other, named }) => target.merge(other, named),
  repartition: ({ target, named, serdes }) => target.repartition({ ...serdes, ...named }),
  toStream: ({ target, named }) => target.toStream(named),
  groupByKey: ({ target, named, serdes }) => target.groupByKey({ ...serdes, ...named }),
  groupBy: ({ target, args, named, serdes }) => target.groupBy(made(keys, args.key), { ...serdes, ...named }),
  count: (call) => call.target.count(materialized(call)),
  reduce: (call) => call.target.reduce(made(reducers, call.args.reducer), materialized(call)),
  aggregate: (call) => {
    const { args, target } = call
    return target.aggregate(() => args.init, made(aggregators, args.aggregator), materialized(call))
  },
  process: ({ builder, target, args, named, serdes }) => {
    builder.addStateStore(stores.keyValue(args.store, { key: S, value: serdes.value }))
    const create = (context: ProcessorContext) => collect(context, args)
    return target.process({ stores: [args.store], create, ...serdes, ...named })
  },
  to: ({ target, args, named }) => target.to(args.topic, named),
}

export function randomTopology(nodes: readonly RandomNode[]): Topology {
  const builder = new StreamsBuilder()
  const results = new Map<string, unknown>()
  for (const { id, op, in: inputs = [], args, named, out } of nodes) {
    const [target, other] = inputs.map((input) => results.get(input))
    const verb = VERBS[op]
    if (verb === undefined) throw new Error(`no verb '${op}' of random topologies`)
    const call: Call = {
      args,
      named: named === undefined ? {} : { name: named },
      serdes: { key: S, value: out?.value === 'long' ? serdes.long() : S },
      builder,
      target,
      other,
    }
    results.set(id, verb(call))
  }
  return builder.build()
}

/** Keeps the latest value of each key, and forwards all of them at each punctuation. */
function collect(context: ProcessorContext, args: any): Processor {
  const store = context.store<KeyValueStore<string, unknown>>(args.store)
  const time = args.punctuation === 'streamTime' ? 'stream' : 'wall-clock'
  context.schedule({ everyMs: args.interval, time }, async (timeMs) => {
    for (const [key, value] of await entriesOf(store)) {
      await context.forward(new StreamRecord(key, value, timeMs))
      if (args.clear) store.delete(key)
    }
  })
  return {
    process({ key, value }) {
      if (key !== null) store.put(key, value)
    },
  }
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
