import { checkCallback } from './checks.ts'
import type { TimestampExtractor } from './physical.ts'

/** Records whose producer set no time have -1. */
function isValid(timestampMs: number): boolean {
  return timestampMs >= 0
}

const READY = {
  /** The record's own timestamp; one below 0 stops the instance. What happens if a source says nothing. */
  failOnInvalid: (record) => {
    if (isValid(record.timestamp)) return record.timestamp
    throw new Error(
      `the record has the timestamp ${record.timestamp}; its producer has to set one, or choose another extractor`,
    )
  },
  /** The record's own timestamp; a record with one below 0 is dropped and counted, and the first one logged. */
  skipOnInvalid: (record) => record.timestamp,
  /** The record's own timestamp; instead of one below 0 the highest of the partition so far. Before there is one, it stops the instance. */
  usePartitionTimeOnInvalid: (record, partitionTimeMs) => {
    if (isValid(record.timestamp)) return record.timestamp
    if (isValid(partitionTimeMs)) return partitionTimeMs
    throw new Error(`the first record of the partition has the timestamp ${record.timestamp}, so that no time is known`)
  },
  /** The time at which the record is taken, by the clock: then reading a topic again gives other results. */
  wallClock: (_record, _partitionTimeMs, nowMs) => nowMs,
} as const satisfies Record<string, TimestampExtractor>

/**
 * Makes an extractor: the record's own timestamp, and for one below 0 what `choose` returns. A negative result drops the record.
 *
 * @example
 * builder.stream('readings', {
 *   key: serdes.string(),
 *   value: serdes.json<{ at: number }>(),
 *   timestamp: timestamps.onInvalid(({ value }) => value.at),
 * })
 */
function onInvalid<K, V>(choose: TimestampExtractor<K, V>): TimestampExtractor<K, V> {
  checkCallback('timestamps.onInvalid', choose)
  return (record, partitionTimeMs, nowMs) =>
    isValid(record.timestamp) ? record.timestamp : choose(record, partitionTimeMs, nowMs)
}

/**
 * Ways to give records their event time, for the option `timestamp` of a source: those of Java. Any function of the same shape will do.
 *
 * @example
 * builder.stream('readings', { key: serdes.string(), value: serdes.double(), timestamp: timestamps.usePartitionTimeOnInvalid })
 */
export const timestamps = { ...READY, onInvalid }
