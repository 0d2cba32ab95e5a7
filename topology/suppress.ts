import type { StreamRecord } from '../lib/core/record.ts'
import type { Windowed } from '../lib/core/windowed.ts'
import { changeBuffer } from '../stores/buffer/change-buffer.ts'
import type { StoreBuilder } from '../stores/store.ts'
import { checkOptions } from './check-options.ts'
import { InvalidArgumentError, NoWindowCloseError } from './errors.ts'
import type { GraphNode } from './graph/graph-node.ts'
import { TableNode } from './graph/table-node.ts'
import { requireSerde } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { checkNodeName } from './names.ts'
import { SUPPRESS } from './option-names.ts'
import type { SuppressOptions } from './options.ts'
import { type Suppression, SuppressProcessor, suppressedView } from './processors/suppress.ts'
import { parts } from './stream-parts.ts'

const PREFIX = 'KTABLE-SUPPRESS-'
const METHOD = 'suppress'

/** Adds `suppress()` to the graph: a node with a buffer, which passes on the old values that its table sends. */
export function suppress<K, V>(table: KTable<K, V>, options: SuppressOptions): KTable<K, V> {
  check(options)
  const { graph, node: parent, key, value, sources, view, enableSendingOldValues } = table[parts]
  if (parent instanceof TableNode && parent.outputVersioned === true) throw versionedTable()
  const { name: given } = options
  if (given !== undefined) checkNodeName(given)
  // As in Java a name spares both numbers.
  const name = given ?? graph.names.node(PREFIX)
  const wait = waitOf<K>(options, name, parent, graph.root)
  const storeName = given === undefined ? graph.names.store(PREFIX) : `${given}-store`
  enableSendingOldValues(true)
  const { maxRecords = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = options
  const whenFull = options.whenFull ?? (options.until === 'window-closes' ? 'shut-down' : 'emit-early')
  const settings: Suppression<K> = { storeName, ...wait, maxRecords, maxBytes, whenFull }
  const node = new TableNode(
    name,
    {
      store: (): StoreBuilder => {
        const { logging, changelogConfigs } = options
        const use = { node: name, purpose: `keeps the buffer '${storeName}'`, method: undefined }
        return changeBuffer(storeName, {
          key: requireSerde(key, 'key', use),
          value: requireSerde(value, 'value', use),
          ...(logging !== undefined && { logging }),
          ...(changelogConfigs !== undefined && { changelogConfigs }),
        })
      },
      supplier: ({ versionedInput }) => {
        if (versionedInput) throw versionedTable()
        return () => new SuppressProcessor<K, V>(name, settings)
      },
    },
    false,
  )
  node.sendOldValues = true
  graph.add(node, parent)
  return new KTable(
    {
      graph,
      node,
      key,
      value,
      sources,
      rekeyed: false,
      view: () => suppressedView(view(), storeName),
      // It passes on what it gets.
      enableSendingOldValues: () => true,
    },
    undefined,
  )
}

type Wait<K> = Pick<Suppression<K>, 'timeOf' | 'waitMs' | 'forwardsDeletes'>

function waitOf<K>(options: SuppressOptions, name: string, parent: GraphNode, root: GraphNode): Wait<K> {
  if (options.until === 'time-limit') {
    return { timeOf: ({ timestamp }) => timestamp, waitMs: options.timeLimitMs, forwardsDeletes: true }
  }
  return {
    timeOf: ({ key }: StreamRecord<any, unknown>) => (key as Windowed<unknown>).window.endMs,
    waitMs: graceAbove(parent, root, [name]),
    // Nothing has been forwarded of a window that was open, so there is nothing to delete.
    forwardsDeletes: false,
  }
}

// The longest of the graces of the aggregations from which the table comes: on every way up there must be one.
function graceAbove(node: GraphNode, root: GraphNode, chain: readonly string[]): number {
  if (node instanceof TableNode && node.graceMs !== undefined) return node.graceMs
  if (node === root) throw new NoWindowCloseError(chain.at(-1)!, chain)
  return Math.max(...[...node.parents].map((parent) => graceAbove(parent, root, [node.name, ...chain])))
}

function check(options: SuppressOptions): void {
  checkOptions(METHOD, options, SUPPRESS)
  const until: string | undefined = options?.until
  if (until !== 'window-closes' && until !== 'time-limit') {
    throw new InvalidArgumentError(METHOD, `until must be 'window-closes' or 'time-limit', but is ${String(until)}.`)
  }
  if (options.until === 'time-limit') requireWhole('timeLimitMs', options.timeLimitMs, 0)
  for (const option of ['maxRecords', 'maxBytes'] as const) {
    if (options[option] !== undefined) requireWhole(option, options[option], 1)
  }
  const { whenFull }: { readonly whenFull?: string } = options
  if (whenFull !== undefined && whenFull !== 'shut-down' && whenFull !== 'emit-early') {
    throw new InvalidArgumentError(METHOD, `whenFull must be 'shut-down' or 'emit-early', but is ${String(whenFull)}.`)
  }
  if (until === 'window-closes' && whenFull === 'emit-early') {
    throw new InvalidArgumentError(
      METHOD,
      "whenFull: 'emit-early' does not go with until: 'window-closes': a window's result would come before it is final.",
    )
  }
}

function requireWhole(option: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return
  throw new InvalidArgumentError(METHOD, `${option} must be a whole number of at least ${least}, not ${String(value)}.`)
}

function versionedTable(): InvalidArgumentError {
  return new InvalidArgumentError(
    METHOD,
    'the table is kept in a versioned store, whose updates come out of order: only tables without versions can be held back.',
  )
}
