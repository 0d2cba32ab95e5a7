// Flow: topology → [internal-topic-configs] → internal-topics
import type { StoreBuilder } from '../../stores/store.ts'
import type { ResolvedConfig } from './config.ts'

/** What of the configuration decides the settings of internal topics. */
export type InternalTopicSettings = Pick<ResolvedConfig, 'maxRequestBytes' | 'changelogRetention'>

type Configs = Readonly<Record<string, string>>

const DAY_MS = 86_400_000
const LONG_MAX = '9223372036854775807'
/** The limit of brokers unless told otherwise, without the 12 bytes that they allow for a batch's place in the log. */
const BROKER_LIMIT_BYTES = 1_048_576
const REPARTITION_SEGMENT_BYTES = 52_428_800

// Event times may lie anywhere; brokers since 4.0 refuse those more than an hour ahead unless told otherwise.
const ANY_TIMESTAMP = { 'message.timestamp.type': 'CreateTime', 'message.timestamp.after.max.ms': LONG_MAX }

/** Settings of a repartition topic. Its records are deleted by the reader's progress (see record-purger), never by age. */
export function repartitionConfigs({ maxRequestBytes }: InternalTopicSettings): Configs {
  const messageBytes = messageBytesFor(maxRequestBytes)
  return {
    ...ANY_TIMESTAMP,
    ...messageLimit(messageBytes),
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'segment.bytes': String(Math.max(REPARTITION_SEGMENT_BYTES, messageBytes)),
  }
}

/** Settings of a store's changelog; what the user has set for it comes last. */
export function changelogConfigs(store: StoreBuilder, settings: InternalTopicSettings): Configs {
  return {
    ...ANY_TIMESTAMP,
    ...messageLimit(messageBytesFor(settings.maxRequestBytes)),
    ...clearing(store, settings),
    ...store.changelogConfigs,
  }
}

/**
 * Whether the records of a changelog that its store needs no more are deleted by us.
 *
 * Brokers delete by the time of a record. Event time says little about when it was written: of historical data, all would be gone within minutes, with what a
 * restore needs.
 */
export function isPurged(
  { kind, changelogConfigs }: StoreBuilder,
  { changelogRetention }: InternalTopicSettings,
): boolean {
  if (changelogRetention === 'java' || !isWindowed(kind)) return false
  const policy = changelogConfigs['cleanup.policy']
  return policy === undefined || policy.includes('delete')
}

function clearing({ kind, retentionMs = 0 }: StoreBuilder, { changelogRetention }: InternalTopicSettings): Configs {
  // As in Java: the history of a key is told by its older records, which have to stay as long as it does.
  if (kind === 'versioned') return { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': aDayMore(retentionMs) }
  if (!isWindowed(kind)) return { 'cleanup.policy': 'compact' }
  const retention = changelogRetention === 'java' ? aDayMore(retentionMs) : '-1'
  return { 'cleanup.policy': 'compact,delete', 'retention.ms': retention }
}

function isWindowed(kind: StoreBuilder['kind']): boolean {
  return kind === 'window' || kind === 'timestamped-window' || kind === 'session'
}

function aDayMore(ms: number): string {
  return Number.isSafeInteger(ms + DAY_MS) ? String(ms + DAY_MS) : LONG_MAX
}

// What does not compress grows a little when it is compressed.
function messageBytesFor(maxRequestBytes: number): number {
  return Math.ceil(maxRequestBytes * 1.01)
}

function messageLimit(messageBytes: number): Configs {
  return messageBytes > messageBytesFor(BROKER_LIMIT_BYTES) ? { 'max.message.bytes': String(messageBytes) } : {}
}
