import { serdes } from '../lib/serde/index.ts'
import { stores } from '../stores/stores.ts'
import type { KeySelector } from './callbacks.ts'
import { checkOptions } from './check-options.ts'
import { checkCallback } from './checks.ts'
import { InvalidArgumentError } from './errors.ts'
import { RepartitionNode, repartitionNames } from './graph/repartition-node.ts'
import { TableNode } from './graph/table-node.ts'
import { givenOr, madeBy, requireSerde } from './known-serde.ts'
import { KStream } from './kstream.ts'
import { DISTINCT } from './option-names.ts'
import type { DistinctOptions } from './options.ts'
import { DistinctProcessor } from './processors/distinct.ts'
import { parts } from './stream-parts.ts'

const PREFIX = 'KSTREAM-DISTINCT-'

/** Adds `distinct()` to the graph: behind a repartition topic if keys may have changed. */
export function distinct<K, V, Id>(stream: KStream<K, V>, options: DistinctOptions<K, V, Id>): KStream<K, V> {
  checkOptions('distinct', options, DISTINCT)
  const { withinMs, id, idSerde, store, logging, persistent, changelogConfigs } = options ?? {}
  if (!Number.isSafeInteger(withinMs) || withinMs < 1) {
    throw new InvalidArgumentError(
      'distinct',
      `withinMs must be a whole number of milliseconds of at least 1, not ${withinMs}.`,
    )
  }
  if (id !== undefined) checkCallback('distinct', id)
  const before = stream[parts]
  const { graph, node: parent, rekeyed } = before
  const storeName = graph.names.storeOr(store, PREFIX)
  const name = graph.names.nodeOr(options.name, PREFIX)
  const key = givenOr<K>(options.key, before.key)
  const repartition = rekeyed
    ? new RepartitionNode(repartitionNames(graph.names, storeName), {
        key,
        value: before.value,
        method: 'distinct',
        partitionCount: undefined,
        partitioner: undefined,
        mergeable: true,
      })
    : undefined
  if (repartition !== undefined) graph.add(repartition, parent)
  const sources = repartition === undefined ? before.sources : new Set([repartition])
  const ids = id === undefined ? key : madeBy<Id>(name, 'distinct', idSerde)
  const node = new TableNode(name, {
    sources,
    store: () =>
      stores.window(storeName, {
        key: requireSerde<any>(ids, id === undefined ? 'key' : 'idSerde', {
          node: name,
          purpose: `remembers ids in '${storeName}'`,
          method: 'distinct',
        }),
        value: serdes.bytes(),
        windowSizeMs: withinMs,
        // Both sides of a record have to be known as long as it can come.
        retentionMs: 2 * withinMs + 1,
        ...(logging === undefined ? {} : { logging }),
        ...(persistent === undefined ? {} : { persistent }),
        ...(changelogConfigs === undefined ? {} : { changelogConfigs }),
      }),
    supplier: () => () =>
      new DistinctProcessor<K, V, unknown>(name, (id ?? ((_, own) => own)) as KeySelector<K, V, unknown>, {
        storeName,
        withinMs,
      }),
  })
  graph.add(node, repartition ?? parent)
  return new KStream<K, V>({ ...before, node, key, sources, rekeyed: false })
}
