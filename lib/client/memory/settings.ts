import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../../core/clock.ts'
import { InvalidConfigError } from '../../core/errors.ts'

/** One write of transaction markers that is about to happen: see `MemoryClusterOptions.transactionMarkerDelayMs`. */
export interface MarkerWrite {
  readonly transactionalId: string
  /** The node that writes: the leader of the partitions, or the coordinator of the group. */
  readonly node: number
  readonly kind: 'records' | 'offsets'
}

/** How a cluster in memory behaves. The defaults suit tests and demos; where a real broker's default differs, it is named. */
export interface MemoryClusterOptions {
  /** The only source of time. Default: the machine's clock. */
  readonly clock?: Clock
  /** How many brokers there are, with the ids 1, 2, … Default 1. */
  readonly nodes?: number
  /** What the network takes from request to answer, half of it each way. Milliseconds; default 0: the answer comes in a later microtask. */
  readonly latencyMs?: number
  /** For topics created without one. Nothing is replicated, but a factor above `nodes` is refused. Default 1. */
  readonly defaultReplicationFactor?: number
  /**
   * Above `nodes` no transactional producer gets a coordinator, as on a single real broker with its default of 3. Default 1.
   */
  readonly transactionLogReplicationFactor?: number
  /** Whether asking for an unknown topic's metadata creates it, with one partition. Default false; a real broker's is true. */
  readonly autoCreateTopics?: boolean
  /** Default: derived from the time of creation, so that no two clusters share one. */
  readonly clusterId?: string
  /** How long the first rebalance of an empty group waits for more members. Milliseconds; default 0, a real broker's is 3000. */
  readonly groupInitialRebalanceDelayMs?: number
  /** Shorter session time-outs are refused. Milliseconds; default 500, a real broker's is 6000. */
  readonly groupMinSessionTimeoutMs?: number
  /**
   * From the answer to EndTxn until a node writes its control markers; until all have, the producer meets CONCURRENT_TRANSACTIONS.
   * Milliseconds, or a function asked once for each node. Default 0: a later turn of the event loop.
   */
  readonly transactionMarkerDelayMs?: number | ((write: MarkerWrite) => number)
  /** The level of the feature `transaction.version`: 2 for transactions as of KIP-890, as a real cluster of Kafka 4 has it. Default 1. */
  readonly transactionVersion?: 1 | 2
}

/** The options with their defaults. */
export interface ClusterSettings {
  readonly clock: Clock
  readonly nodes: number
  readonly latencyMs: number
  readonly defaultReplicationFactor: number
  readonly transactionLogReplicationFactor: number
  readonly autoCreateTopics: boolean
  readonly clusterId: string
  readonly groupInitialRebalanceDelayMs: number
  readonly groupMinSessionTimeoutMs: number
  readonly markerDelayMs: (write: MarkerWrite) => number
  readonly transactionVersion: 1 | 2
}

/** @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: a count below 1 or a negative time. */
export function clusterSettings(options: MemoryClusterOptions): ClusterSettings {
  const clock = options.clock ?? systemClock
  const markerDelayMs = options.transactionMarkerDelayMs ?? 0
  const atLeast = (name: keyof MemoryClusterOptions, fallback: number, minimum: number): number => {
    const value = options[name] ?? fallback
    if (typeof value === 'number' && value >= minimum) return value
    throw new InvalidConfigError(name, `must be a number of at least ${minimum}, not ${String(value)}`)
  }
  return {
    clock,
    nodes: atLeast('nodes', 1, 1),
    latencyMs: atLeast('latencyMs', 0, 0),
    defaultReplicationFactor: atLeast('defaultReplicationFactor', 1, 1),
    transactionLogReplicationFactor: atLeast('transactionLogReplicationFactor', 1, 1),
    autoCreateTopics: options.autoCreateTopics ?? false,
    clusterId: options.clusterId ?? stableId(22, `${clock.now()} ${clock.monotonicMs()}`),
    groupInitialRebalanceDelayMs: atLeast('groupInitialRebalanceDelayMs', 0, 0),
    groupMinSessionTimeoutMs: atLeast('groupMinSessionTimeoutMs', 500, 0),
    transactionVersion: options.transactionVersion ?? 1,
    markerDelayMs: typeof markerDelayMs === 'number' ? () => markerDelayMs : markerDelayMs,
  }
}

/** Hexadecimal digits that the same words always give. */
export function stableId(digits: number, ...words: readonly string[]): string {
  return createHash('sha256').update(words.join('\n')).digest('hex').slice(0, digits)
}
