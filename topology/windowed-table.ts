import type { Windowed } from '../lib/core/windowed.ts'
import type { StoreBuilder } from '../stores/store.ts'
import { checkOptions } from './check-options.ts'
import { InvalidArgumentError } from './errors.ts'
import type { GroupedAggregation } from './graph/grouped-aggregation.ts'
import { givenOr, type KnownSerde, madeBy, requireSerde } from './known-serde.ts'
import { KTable } from './ktable.ts'
import { queryName, type StoreUse, storeSettings } from './materialize.ts'
import { WINDOWED_MATERIALIZE } from './option-names.ts'
import type { WindowedMaterializeOptions } from './options.ts'
import type { Fold } from './processors/fold.ts'
import type { StreamParts } from './stream-parts.ts'
import { keptTable } from './table-parts.ts'
import type { WindowKind } from './window-kinds.ts'
import type { EmitStrategy } from './windows.ts'

/** A grouped stream that was put into windows, as its verbs see it. */
export interface WindowedGroup<K, V> {
  readonly parts: StreamParts<K, V>
  readonly aggregation: GroupedAggregation<K, V>
  readonly kind: WindowKind
  readonly emit: EmitStrategy
}

/** A verb that aggregates in windows. */
export interface WindowedVerb<K, V, VR> {
  readonly method: string
  /** Of generated names. */
  readonly prefix: string
  readonly options: WindowedMaterializeOptions<K, VR>
  /** What is known of the results before the options are looked at; absent: nothing. */
  readonly value?: KnownSerde<VR>
  readonly fold: (node: string) => Fold<K, V, VR>
}

/** Adds the verb to the graph. */
export function windowedTable<K, V, VR>(
  { parts, aggregation, kind, emit }: WindowedGroup<K, V>,
  verb: WindowedVerb<K, V, VR>,
): KTable<Windowed<K>, VR> {
  const { method, prefix, options, value: inherited } = verb
  checkOptions(method, options, WINDOWED_MATERIALIZE)
  const retentionMs = retentionOf(method, kind, options.retentionMs)
  const { graph } = parts
  const storeName = graph.names.storeOr(queryName(options), prefix)
  const name = graph.names.nodeOr(options.name, prefix)
  const key = givenOr<K>(options.key, parts.key)
  const value = inherited === undefined ? madeBy(name, method, options.value) : givenOr(options.value, inherited)
  const fold = verb.fold(name)
  const { node, sources } = aggregation.add({
    name,
    storeName,
    key: givenOr(parts.key.serde, key),
    graceMs: kind.graceMs,
    store: () => windowedStore(storeName, { key, value }, options, { node: name, method }, { kind, emit, retentionMs }),
    supplier:
      ({ sendOldValues }) =>
      () =>
        kind.processor({ storeName, fold, emit, retentionMs, sendOldValues }),
  })
  const table = { graph, node, key: windowedKey(kind, key), value, sources, rekeyed: false }
  return new KTable<Windowed<K>, VR>(
    keptTable<Windowed<K>, VR>(table, storeName, () => kind.view(storeName)),
    queryName(options),
  )
}

/** How long the store of a windowed table keeps windows. */
export function retentionOf(method: string, kind: WindowKind, given: number | undefined): number {
  if (given === undefined) return kind.retentionMs
  if (!Number.isSafeInteger(given) || given < kind.retentionMs) {
    throw new InvalidArgumentError(
      method,
      `retentionMs must be a whole number of at least ${kind.retentionMs}, for so long these windows take records, but is ${given}.`,
    )
  }
  return given
}

/** The serde of keys with their windows, if that of the keys is known. */
export function windowedKey<K>(kind: WindowKind, { serde, origin }: KnownSerde<K>): KnownSerde<Windowed<K>> {
  return { serde: serde === undefined ? undefined : kind.keySerde(serde), origin }
}

/**
 * The store of a windowed table.
 *
 * @throws MissingSerdeError `STREAMS_MISSING_SERDE`
 */
export function windowedStore<K, V>(
  storeName: string,
  serdes: { readonly key: KnownSerde<K>; readonly value: KnownSerde<V> },
  options: WindowedMaterializeOptions<K, V>,
  { node, method }: StoreUse,
  { kind, emit, retentionMs }: { readonly kind: WindowKind; readonly emit: EmitStrategy; readonly retentionMs: number },
): StoreBuilder {
  const use = { node, purpose: `keeps the store '${storeName}'`, method }
  const parts = {
    caching: true,
    ...storeSettings(options),
    key: requireSerde(serdes.key, 'key', use),
    value: requireSerde(serdes.value, 'value', use),
    retentionMs,
  }
  return kind.store(storeName, parts, emit)
}
