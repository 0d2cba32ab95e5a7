// The cases of the Processor API, with processors that do what those in Java did. Where a case has wall-clock steps its processors ask for
// commits: the time of day stands still between steps, so that no commit falls due by time.
import { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import type { KeyValueStore } from '../../stores/store.ts'
import { stores } from '../../stores/stores.ts'
import type { KStream } from '../../topology/kstream.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'

type Text = StreamRecord<string, string>
type Context = ProcessorContext<string, string>

const S = serdes.string()
const strings = { key: S, value: S }

/** By case name. */
export const processorTopologies: ReadonlyMap<string, () => Topology> = new Map([
  [
    'papi-kv-range-prefix',
    built((input) => input.process({ stores: [stores.keyValue('kv', strings)], create: storeCommands })),
  ],
  ['papi-punctuate-cancel-and-both', built((input) => input.process({ create: bothTimes }))],
  [
    'papi-punctuate-stream-time',
    built((input) =>
      input.process({
        stores: [stores.keyValue('pending', { key: S, value: serdes.long() })],
        create: countsPerInterval,
      }),
    ),
  ],
  [
    'papi-punctuate-wall-clock',
    built((input) =>
      input.process({ stores: [stores.keyValue('pending', { ...strings, persistent: false })], create: latePosts }),
    ),
  ],
])

function built(verb: (input: KStream<string, string>) => KStream<string, string>): () => Topology {
  return () => {
    const builder = new StreamsBuilder()
    verb(builder.stream('input', strings)).to('output', strings)
    return builder.build()
  }
}

/** Values are commands to the store; what it answers is forwarded. */
function storeCommands(context: Context): Processor<string, string, string, string> {
  const kv = context.store<KeyValueStore<string, string>>('kv')
  const reads: Record<string, (from: string, to: string) => AsyncIterable<readonly [string, string]>> = {
    range: (from, to) => kv.range(from, to),
    rrange: (from, to) => kv.reverseRange(from, to),
    all: () => kv.all(),
    rall: () => kv.reverseRange(undefined, undefined),
    prefix: (prefix) => kv.prefixScan(Buffer.from(prefix)),
  }
  return {
    async process(record: Text) {
      const [command, first, second] = record.value.split(':') as [string, string, string]
      if (command === 'put') kv.put(record.key, first)
      else if (command === 'del') kv.delete(record.key)
      else if (command === 'putIfAbsent') {
        await context.forward(record.withValue(`putIfAbsent ${kv.putIfAbsent(record.key, first) ?? null}`))
      } else if (command === 'size') {
        await context.forward(record.withValue(`size ${(await kv.approximateEntryCount()) > 0}`))
      } else {
        for await (const [key, value] of reads[command]!(first, second)) {
          await context.forward(record.withKeyValue(key, `${command} ${value}`))
        }
      }
    },
  }
}

/** Punctuates in both times; the wall clock's stops after three times. */
function bothTimes(context: Context): Processor<string, string, string, string> {
  let fired = 0
  const wall = context.schedule({ everyMs: 50, time: 'wall-clock' }, (nowMs) => {
    if (++fired === 3) wall.cancel()
    context.commit()
    return context.forward(new StreamRecord('wall', `${nowMs}`, nowMs))
  })
  context.schedule({ everyMs: 20, time: 'stream' }, (nowMs) =>
    context.forward(new StreamRecord('stream', `${nowMs}`, nowMs)),
  )
  return {
    process(record: Text) {
      context.commit()
      return context.forward(record)
    },
  }
}

/** Counts by key, reported and forgotten every 10 ms of stream time. */
function countsPerInterval(context: Context): Processor<string, string, string, string> {
  const pending = context.store<KeyValueStore<string, number>>('pending')
  context.schedule({ everyMs: 10, time: 'stream' }, async (nowMs) => {
    for (const [key, count] of await entriesOf(pending)) {
      await context.forward(new StreamRecord(key, `${key}=${count}@${nowMs}`, nowMs))
      pending.delete(key)
    }
  })
  return {
    process({ key }: Text) {
      if (key !== null) pending.put(key, (pending.get(key) ?? 0) + 1)
    },
  }
}

/** Keeps the latest value of each key, and passes it on every 100 ms of the wall clock. */
function latePosts(context: Context): Processor<string, string, string, string> {
  const pending = context.store<KeyValueStore<string, string>>('pending')
  context.schedule({ everyMs: 100, time: 'wall-clock' }, async (nowMs) => {
    context.commit()
    for (const [key, value] of await entriesOf(pending)) {
      await context.forward(new StreamRecord(key, `${value}@${nowMs}`, nowMs))
      pending.delete(key)
    }
  })
  return {
    process({ key, value }: Text) {
      context.commit()
      pending.put(key, value)
    },
  }
}

/** All of a store, read before anything is written. */
export async function entriesOf<K, V>(store: KeyValueStore<K, V>): Promise<readonly (readonly [K, V])[]> {
  const entries: (readonly [K, V])[] = []
  for await (const entry of store.all()) entries.push(entry)
  return entries
}
