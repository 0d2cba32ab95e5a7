// Flow: stream-loop → [commit-interval]
import type { ResolvedConfig } from './config.ts'

/** With a transaction for each task, commits closer together than this occupy the broker more than the records do. */
const MIN_MS_BETWEEN_COMMITS = 15
/** Of the time for which a transaction may be open: the rest is for ending it. */
const MAX_SHARE_OF_TRANSACTION = 1 / 2

type CommitTimes = Pick<ResolvedConfig, 'commitIntervalMs' | 'transactionTimeoutMs'>

/** Milliseconds from one commit of a lane to its next, with so many lanes that have something to commit. */
export function commitIntervalOf({ commitIntervalMs, transactionTimeoutMs }: CommitTimes, laneCount: number): number {
  const spreadMs = Math.min(MIN_MS_BETWEEN_COMMITS * laneCount, transactionTimeoutMs * MAX_SHARE_OF_TRANSACTION)
  return Math.max(commitIntervalMs, spreadMs)
}
