// The entries of a store in the form in which a case records them.
import { SubscriptionStore } from '../../stores/grouped/subscription-store.ts'
import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  VersionedKeyValueStore,
  VersionedRecord,
  WindowStore,
} from '../../stores/store.ts'
import { TimestampedWindows } from '../../stores/windowed/window-store.ts'
import { plain } from './comparable.ts'
import type { GoldenEntry, GoldenStore } from './golden-case.ts'
import { subscriptionEntries } from './subscription-entries.ts'

export type { GoldenEntry } from './golden-case.ts'

/** Reads what the store holds; of a versioned store the keys and times that were recorded. */
export async function readStore(store: StateStore, recorded: GoldenStore): Promise<readonly GoldenEntry[]> {
  if (store instanceof SubscriptionStore) return subscriptionEntries(store)
  switch (recorded.kind.replace(WITH_HEADERS, '')) {
    case 'versioned':
      return versionedEntries(store as VersionedKeyValueStore<unknown, unknown>, recorded.entries)
    case 'session':
      return sessionEntries(store as SessionStore<unknown, unknown>, recorded)
    case 'window':
    case 'timestampedWindow':
      return windowEntries(store as WindowStore<unknown, unknown>, recorded)
    default:
      return keyValueEntries(store as KeyValueStore<unknown, unknown>, recorded)
  }
}

const WITH_HEADERS = 'WithHeaders'

async function keyValueEntries(
  store: KeyValueStore<unknown, unknown>,
  recorded: GoldenStore,
): Promise<readonly GoldenEntry[]> {
  return (await listOf(store.all())).map(([key, entry]) => ({ key: plain(key), value: entryForm(entry, recorded) }))
}

async function windowEntries(
  store: WindowStore<unknown, unknown>,
  recorded: GoldenStore,
): Promise<readonly GoldenEntry[]> {
  const joined = isReadWithHeaders(recorded) && !isTimestamped(store)
  return (await listOf(store.all())).map(([{ key, window }, entry]) => {
    // Java read its join stores, which hold plain values, as if these had a time and headers: in memory the window's start stood for it.
    const timestamp = recorded.persistent ? -1 : window.startMs
    const value = joined ? { value: plain(entry), timestamp, headers: [] } : entryForm(entry, recorded)
    return { key: plain(key), start: window.startMs, value }
  })
}

async function sessionEntries(
  store: SessionStore<unknown, unknown>,
  recorded: GoldenStore,
): Promise<readonly GoldenEntry[]> {
  const all = { earliestEndMs: 0, latestStartMs: Number.MAX_SAFE_INTEGER }
  const withHeaders = recorded.kind.endsWith(WITH_HEADERS)
  return (await listOf(store.findAllSessions(all))).map(([{ key, window }, value]) => ({
    key: { key: plain(key), start: window.startMs, end: window.endMs },
    value: withHeaders ? entryForm({ value }, recorded) : plain(value),
  }))
}

/** Java's entries with headers had none in any case: those in the stores of the DSL are empty. */
function entryForm(entry: unknown, { kind }: GoldenStore): unknown {
  return kind.endsWith(WITH_HEADERS) ? { ...(plain(entry) as object), headers: [] } : plain(entry)
}

// Random cases call these stores by what they hold, the others by how they were read.
function isReadWithHeaders({ kind, entries }: GoldenStore): boolean {
  const first = entries[0]?.value as { readonly headers?: unknown } | null | undefined
  return kind === 'timestampedWindowWithHeaders' || (kind === 'window' && first?.headers !== undefined)
}

function isTimestamped(store: WindowStore<unknown, unknown>): boolean {
  return store instanceof TimestampedWindows
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

// Java's reads of one time never say until when a version held; ours do, which the contract of versioned stores tests.
function version(record: VersionedRecord<unknown> | undefined): unknown {
  return record === undefined ? null : { value: plain(record.value), validFrom: record.timestamp, validTo: null }
}

async function listOf<T>(entries: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const entry of entries) list.push(entry)
  return list
}
