// Builds a random case's topology from its data, node by node in the order of the data: generated names carry a counter.
import { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { Serde } from '../../lib/serde/serde.ts'
import type { KeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { windows } from '../../topology/windows.ts'
import type { RandomNode } from '../topology/oracle/recorded.ts'
import { entriesOf } from './processor-topologies.ts'
import {
  aggregators,
  joiners,
  keys,
  lists,
  made,
  madeForSessions,
  mergers,
  pairs,
  predicates,
  reducers,
  values,
} from './random-functions.ts'

/** What is known of a node's result. */
interface Out {
  readonly kind: string
  readonly key: string
  readonly value: string
  readonly windowSize?: number
}

/** A node with what its call takes: its name as options, the serdes of its result, its inputs with their types. */
interface Call {
  readonly args: any
  readonly named: { readonly name?: string }
  readonly serdes: { readonly key: any; readonly value: any }
  readonly builder: StreamsBuilder
  readonly out: Out | undefined
  readonly targets: readonly any[]
  readonly target: any
  readonly other: any
  readonly inputs: readonly Out[]
  /** Makes one of the functions that a case names. */
  readonly fn: Make
}

type Make = typeof made

const S = serdes.string()

const VERBS: Record<string, (call: Call) => unknown> = {
  stream: ({ builder, args, named, serdes }) => builder.stream(args.topics, { ...serdes, ...named }),
  table: ({ builder, args, named, serdes }) =>
    builder.table(args.topic, { ...serdes, ...named, ...storeOf(args, undefined) }),
  globalTable: ({ builder, args, named, serdes }) =>
    (builder as any).globalTable(args.topic, { ...serdes, ...named, ...storeOf(args, undefined) }),
  filter: ({ fn, target, args, named }) => target.filter(fn(predicates, args.fn), { ...named, ...storeOf(args) }),
  filterNot: ({ fn, target, args, named }) => target.filterNot(fn(predicates, args.fn), { ...named, ...storeOf(args) }),
  mapValues: ({ fn, target, args, named, serdes }) =>
    target.mapValues(fn(values, args.fn), { value: serdes.value, ...named, ...storeOf(args) }),
  flatMapValues: ({ fn, target, args, named, serdes }) =>
    target.flatMapValues(fn(lists, args.fn), { value: serdes.value, ...named }),
  map: ({ fn, target, args, named, serdes }) => target.map(pair(args, fn), { ...serdes, ...named }),
  flatMap: ({ fn, target, args, named, serdes }) => target.flatMap(fn(pairs, args.fn), { ...serdes, ...named }),
  selectKey: ({ fn, target, args, named }) => target.selectKey(fn(keys, args.key), { key: S, ...named }),
  peek: ({ target, named }) => target.peek(() => undefined, named),
  merge: ({ target, other, named }) => target.merge(other, named),
  split: ({ fn, target, args, named }) => target.split(branchesOf(args, fn), named),
  repartition: ({ target, named, serdes }) => target.repartition({ ...serdes, ...named }),
  toTable: ({ target, args, named, serdes }) =>
    target.toTable({ key: S, value: serdes.value, ...named, ...storeOf(args) }),
  toStream: ({ fn, target, args, named }) => {
    const stream = target.toStream(named)
    return args?.key === undefined ? stream : stream.selectKey(fn(keys, args.key), { key: S })
  },
  groupByKey: ({ target, named, serdes }) => target.groupByKey({ key: S, value: serdes.value, ...named }),
  groupBy: ({ fn, target, args, named, serdes, inputs }) => {
    const options = { key: S, value: serdes.value, ...named }
    return inputs[0]!.kind === 'table'
      ? target.groupBy(pair(args, fn), options)
      : target.groupBy(fn(keys, args.key), options)
  },
  cogroup: ({ fn, targets, args }) =>
    targets
      .slice(1)
      .reduce(
        (all, grouped, i) => all.cogroup(grouped, fn(aggregators, args.aggregators[i + 1])),
        targets[0].cogroup(fn(aggregators, args.aggregators[0])),
      ),
  windowedBy: ({ target, args }) =>
    target.windowedBy(windowsOf(args), args.emit === 'onWindowClose' ? { emit: 'on-window-close' } : {}),
  count: (call) => call.target.count(materialized(call)),
  reduce: (call) => {
    const { target, args, fn } = call
    return args.adder === undefined
      ? target.reduce(fn(reducers, args.reducer), materialized(call))
      : target.reduce(fn(reducers, args.adder), fn(reducers, args.subtractor), materialized(call))
  },
  aggregate: (call) => {
    const { args, target, fn } = call
    const functions = [
      ...['aggregator', 'adder', 'subtractor'].flatMap((role) =>
        args[role] === undefined ? [] : [fn(aggregators, args[role])],
      ),
      ...(args.merger === undefined ? [] : [fn(mergers, args.merger)]),
    ]
    return target.aggregate(() => args.init, ...functions, materialized(call))
  },
  suppress: ({ target, args, named }) => target.suppress({ ...suppression(args), ...named }),
  joinStreams: ({ fn, target, other, args, named, serdes, inputs }) =>
    target[JOINS[args.type]!](other, fn(joiners, args.joiner), {
      within: windows.join({ beforeMs: args.before, afterMs: args.after, graceMs: args.grace }),
      key: S,
      left: valueSerde(inputs[0]!),
      right: valueSerde(inputs[1] ?? inputs[0]!),
      value: serdes.value,
      ...named,
      ...(args.storeName !== undefined && { store: args.storeName }),
      ...(args.inMemory !== undefined && { persistent: !args.inMemory }),
      ...(args.logging !== undefined && { logging: args.logging }),
    }),
  joinTable: ({ fn, target, other, args, named, serdes, inputs }) =>
    target[JOINS[args.type]!](other, joinerWithTable(fn(joiners, args.joiner), args), {
      key: keySerde(inputs[0]!),
      left: valueSerde(inputs[0]!),
      right: valueSerde(inputs[1]!),
      value: serdes.value,
      ...named,
      ...(args.grace !== undefined && { graceMs: args.grace }),
    }),
  joinGlobal: ({ fn, target, other, args, named, serdes }) =>
    target[JOINS[args.type]!](other, fn(keys, args.key), fn(joiners, args.joiner), {
      value: serdes.value,
      ...named,
    }),
  joinTables: ({ fn, target, other, args, named, serdes }) =>
    target[JOINS[args.type]!](other, fn(joiners, args.joiner), {
      value: serdes.value,
      ...named,
      ...(args.store !== undefined && { key: serdes.key, ...storeOf(args) }),
    }),
  joinForeignKey: ({ fn, target, other, args, named, serdes }) => {
    const foreignKey = fn(keys, args.foreignKey)
    const verb = args.type === 'left' ? 'leftJoinOnForeignKey' : 'joinOnForeignKey'
    return target[verb](other, (value: unknown) => foreignKey(value, null), fn(joiners, args.joiner), {
      key: S,
      value: serdes.value,
      ...named,
      ...storeOf(args),
    })
  },
  processValues: ({ builder, target, args, named, serdes }) => {
    const { stored, create } = valueProcessors[args.fn]!
    builder.addStateStore(stores.keyValue(args.store, { key: S, value: stored }))
    return target.processValues({
      stores: [args.store],
      create: (context: ProcessorContext) => create(context, args),
      value: serdes.value,
      ...named,
    })
  },
  process: ({ builder, target, args, named, serdes }) => {
    builder.addStateStore(stores.keyValue(args.store, { key: S, value: serdes.value }))
    const create = (context: ProcessorContext) => collect(context, args)
    return target.process({ stores: [args.store], create, ...serdes, ...named })
  },
  to: ({ target, args, named, inputs }) =>
    target.to(args.topic, { key: keySerde(inputs[0]!), value: valueSerde(inputs[0]!), ...named }),
}

const JOINS: Readonly<Record<string, string>> = { inner: 'join', left: 'leftJoin', outer: 'outerJoin' }

/** @param optimization - As a case's config has it: one name, or several with commas between them. */
export function randomTopology(nodes: readonly RandomNode[], optimization?: string): Topology {
  const builder = new StreamsBuilder()
  const results = new Map<string, unknown>()
  const types = new Map<string, Out>()
  for (const { id, op, in: ids = [], args, named, out } of nodes) {
    const verb = VERBS[op]
    if (verb === undefined) throw new Error(`no verb '${op}' of random topologies`)
    const targets = ids.map((input) => results.get(input))
    const call: Call = {
      args: args ?? {},
      named: named === undefined ? {} : { name: named },
      serdes: { key: out === undefined ? S : keySerde(out), value: out === undefined ? S : valueSerde(out) },
      builder,
      out,
      targets,
      target: targets[0],
      other: targets[1] ?? targets[0],
      inputs: ids.map((input) => types.get(input)!),
      fn: types.get(ids[0] ?? '')?.key === 'sessionWindowed' ? madeForSessions : made,
    }
    const result = verb(call)
    if (op === 'split') {
      for (const branch of [...args!.branches, ...(args!.default === undefined ? [] : [args!.default])]) {
        results.set(branch.id, (result as Record<string, unknown>)[branch.id])
        types.set(branch.id, call.inputs[0]!)
      }
      continue
    }
    results.set(id, result)
    if (out !== undefined) types.set(id, out)
  }
  const names = optimization?.includes('.') ? optimization.split(',') : optimization
  return builder.build(names === undefined ? {} : { optimization: names as 'all' })
}

function keySerde({ key, windowSize }: Out): Serde<any> {
  if (key === 'timeWindowed') return serdes.timeWindowed(S, windowSize!)
  return key === 'sessionWindowed' ? serdes.sessionWindowed(S) : S
}

function valueSerde({ value }: Out): Serde<any> {
  return value === 'long' ? serdes.long() : S
}

function pair(args: any, fn: Make): (v: any, k: any) => [any, any] {
  const [key, value] = [fn(keys, args.key), fn(values, args.value)]
  return (v, k) => [key(v, k), value(v, k)]
}

// A name goes into the node's; the branch is known by its id.
function branchesOf(args: any, make: Make): object {
  const named = (name: string | undefined) => (name === undefined ? {} : { name })
  return Object.fromEntries([
    ...args.branches.map(({ id, fn, name }: any) => [id, { when: make(predicates, fn), ...named(name) }]),
    ...(args.default === undefined ? [] : [[args.default.id, { when: 'default', ...named(args.default.name) }]]),
  ])
}

function windowsOf({ type, size, advance, gap, grace, start }: any): unknown {
  switch (type) {
    case 'tumbling':
      return windows.tumbling({ sizeMs: size, graceMs: grace })
    case 'hopping':
      return windows.hopping({ sizeMs: size, advanceMs: advance, graceMs: grace })
    case 'sliding':
      return windows.sliding({ timeDifferenceMs: size, graceMs: grace })
    case 'unlimited':
      return windows.unlimited({ startMs: start })
    default:
      return windows.session({ inactivityGapMs: gap, graceMs: grace })
  }
}

function suppression({ until, ms, maxRecords, maxBytes, whenFull }: any): object {
  const limited = maxRecords !== undefined || maxBytes !== undefined
  return {
    ...(until === 'windowCloses' ? { until: 'window-closes' } : { until: 'time-limit', timeLimitMs: ms }),
    ...(maxRecords !== undefined && { maxRecords }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(limited && { whenFull: whenFull === 'shutDown' ? 'shut-down' : 'emit-early' }),
  }
}

/** Java's `Materialized`: a store's name and settings. */
function storeOf(args: any, unnamed: true | undefined = true): object {
  if (args.store === undefined) return {}
  const { name = unnamed, inMemory, logging, retention, versioned } = args.store
  return {
    ...(name !== undefined && { store: name }),
    ...(inMemory !== undefined && { persistent: !inMemory }),
    ...(logging !== undefined && { logging }),
    ...(retention !== undefined && { retentionMs: retention }),
    ...(versioned !== undefined && { versioned: { historyRetentionMs: versioned } }),
  }
}

// No `store`: the call without Materialized.
function materialized({ args, named, serdes }: Call): object {
  if (args.store === undefined) return named
  return { key: S, value: serdes.value, ...named, ...storeOf(args) }
}

/** With a grace period Java fails at a null key, though its left joins have a result for such: here that is where the joiner is called with one. */
function joinerWithTable(joiner: (...args: any[]) => unknown, { grace, type }: any): (...args: any[]) => unknown {
  if (grace === undefined || type !== 'left') return joiner
  return (left, right, key) => {
    if (key === null) throw new Error('a null key')
    return joiner(left, right, key)
  }
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

/** `processValues` cases: the serde of what they store, and the processor. A record with a null key does nothing. */
const valueProcessors: Record<
  string,
  { stored: Serde<any>; create: (context: ProcessorContext, args: any) => Processor }
> = {
  runningCount: {
    stored: serdes.long(),
    create: (context, { store }) => {
      const counts = context.store<KeyValueStore<string, number>>(store)
      return {
        process(record) {
          if (record.key === null) return
          const n = (counts.get(record.key) ?? 0) + 1
          counts.put(record.key, n)
          return context.forward(record.withValue(`${record.value}#${n}`))
        },
      }
    },
  },
  runningTotal: {
    stored: serdes.long(),
    create: (context, { store }) => {
      const totals = context.store<KeyValueStore<string, number>>(store)
      return {
        process(record) {
          if (record.key === null) return
          const total = (totals.get(record.key) ?? 0) + (record.value ?? 0)
          totals.put(record.key, total)
          return context.forward(record.withValue(total))
        },
      }
    },
  },
  dropRepeats: {
    stored: S,
    create: (context, { store }) => {
      const seen = context.store<KeyValueStore<string, string>>(store)
      return {
        process(record) {
          const { key, value } = record
          if (key === null) return
          if (value !== null && seen.get(key) === value) return
          seen.put(key, value)
          return context.forward(record)
        },
      }
    },
  },
}
