// The entries of a store in the form in which a case records them.
import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  VersionedKeyValueStore,
  VersionedRecord,
  WindowStore,
} from '../../stores/store.ts'
import { plain } from './comparable.ts'
import type { GoldenEntry, GoldenStore } from './golden-case.ts'

export type { GoldenEntry } from './golden-case.ts'

/** Reads what the store holds; of a versioned store the keys and times that were recorded. */
export async function readStore(store: StateStore, { kind, entries }: GoldenStore): Promise<readonly GoldenEntry[]> {
  switch (kind.replace('WithHeaders', '')) {
    case 'versioned':
      return versionedEntries(store as VersionedKeyValueStore<unknown, unknown>, entries)
    case 'session':
      return sessionEntries(store as SessionStore<unknown, unknown>)
    case 'window':
    case 'timestampedWindow':
      return windowEntries(store as WindowStore<unknown, unknown>)
    default:
      return keyValueEntries(store as KeyValueStore<unknown, unknown>)
  }
}

async function keyValueEntries(store: KeyValueStore<unknown, unknown>): Promise<readonly GoldenEntry[]> {
  return (await listOf(store.all())).map(([key, value]) => ({ key: plain(key), value: plain(value) }))
}

async function windowEntries(store: WindowStore<unknown, unknown>): Promise<readonly GoldenEntry[]> {
  return (await listOf(store.all())).map(([{ key, window }, value]) => ({
    key: plain(key),
    start: window.startMs,
    value: plain(value),
  }))
}

async function sessionEntries(store: SessionStore<unknown, unknown>): Promise<readonly GoldenEntry[]> {
  const all = { earliestEndMs: 0, latestStartMs: Number.MAX_SAFE_INTEGER }
  return (await listOf(store.findAllSessions(all))).map(([{ key, window }, value]) => ({
    key: { key: plain(key), start: window.startMs, end: window.endMs },
    value: plain(value),
  }))
}

function versionedEntries(
  store: VersionedKeyValueStore<unknown, unknown>,
  recorded: readonly GoldenEntry[],
): readonly GoldenEntry[] {
  return recorded.map(({ key, asOf = [] }) => ({
    key,
    latest: version(store.get(key)),
    asOf: asOf.map(({ asOf: timeMs }) => ({ asOf: timeMs, record: version(store.getAsOf(key, timeMs)) })),
  }))
}

function version(record: VersionedRecord<unknown> | undefined): unknown {
  if (record === undefined) return null
  return { value: plain(record.value), validFrom: record.timestamp, validTo: record.validToMs ?? null }
}

async function listOf<T>(entries: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const entry of entries) list.push(entry)
  return list
}
