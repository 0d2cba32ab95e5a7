import type { KeyValueStore } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import type { ProcessorContext } from '../../../topology/processor.ts'
import { Topology } from '../../../topology/topology.ts'
import { built, S, strings } from './built.ts'

type Texts = KeyValueStore<string, string>

/** A processor that keeps each record as it is. */
const keeping = (store: string) => (context: ProcessorContext) => {
  const kept = context.store<Texts>(store)
  return { process: ({ key, value }: { key: string; value: string }) => kept.put(key, value) }
}

const joins = built({
  'global-join-inner': (b) => {
    const table = b.globalTable('global', { ...strings, store: 'store' })
    b.stream('input', strings)
      .join(
        table,
        (v) => (v.startsWith('-') ? null : v.slice(0, v.indexOf('|'))),
        (s, g) => `${s.slice(s.indexOf('|') + 1)}@${g}`,
      )
      .to('output', strings)
  },
  'global-join-left': (b) => {
    const table = b.globalTable('global', strings)
    b.stream('input', strings)
      .leftJoin(
        table,
        (_, k) => k,
        (s, g, k) => `${k}:${s}@${g}`,
        { name: 'look' },
      )
      .to('output', strings)
  },
  'global-store-processor': (b) => {
    b.addGlobalStore(stores.keyValue('gstore', strings), 'global', { ...strings, create: keeping('gstore') })
    b.stream('input', strings)
      .processValues({
        value: S,
        create: (context) => {
          const kept = context.store<Texts>('gstore')
          return { process: (record) => context.forward(record.withValue(kept.get(record.value) ?? 'none')) }
        },
      })
      .to('output')
  },
})

function readOnlyStateStore(): Topology {
  return new Topology()
    .addReadOnlyStateStore(stores.keyValue('ro', strings), {
      ...strings,
      source: 'ro-src',
      processor: 'ro-proc',
      topic: 'table',
      create: keeping('ro'),
    })
    .addSource('src', { ...strings, topics: 'input' })
    .addProcessor<string, string, string, string>('look', {
      parents: 'src',
      create: (context) => {
        const kept = context.store<Texts>('ro')
        return {
          process: (record) => context.forward(record.withValue(`${record.value}=${kept.get(record.value) ?? null}`)),
        }
      },
    })
    .connectProcessorAndStateStores('look', 'ro')
    .addSink('snk', { ...strings, parents: 'look', topic: 'output' })
}

export const globalStores: ReadonlyMap<string, () => Topology> = new Map([
  ...joins,
  ['readonly-state-store', readOnlyStateStore],
])
