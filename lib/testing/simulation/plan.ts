// What a seed decides before the run starts.
import type { StreamsConfig } from '../../runtime/config.ts'
import type { Random } from './random.ts'

/** The stores and times of the application under test. */
export interface WorkloadPlan {
  readonly partitions: number
  readonly keys: number
  readonly groups: number
  readonly windowMs: number
  readonly graceMs: number
  readonly joinWithinMs: number
  /** With each update; once, by the aggregate, when the window has closed; once, from the buffer of a `suppress`. */
  readonly emit: 'on-window-update' | 'on-window-close' | 'suppressed'
  /** How many times as fast as the clock event time goes on. Where it is fast, windows expire during the run. */
  readonly eventPace: number
  /** One record in this many has to be waited for, in two places of the topology; 0: none. */
  readonly waitsOneIn: number
  /** Whether each store is kept on disk. */
  readonly persistent: { readonly lists: boolean; readonly windowed: boolean; readonly joined: boolean }
  readonly records: number
  /** Over which the input comes, in virtual milliseconds. */
  readonly inputMs: number
}

export interface ClusterPlan {
  readonly nodes: number
  readonly latencyMs: number
  readonly transactionVersion: 1 | 2
  /** From EndTxn's answer to the markers in the partitions, and to those of the group's offsets: either may come first. */
  readonly maxRecordMarkerDelayMs: number
  readonly maxOffsetMarkerDelayMs: number
}

export interface SimulationPlan {
  readonly guarantee: 'exactly_once' | 'at_least_once'
  readonly instances: number
  readonly staticMembers: boolean
  readonly workload: WorkloadPlan
  readonly cluster: ClusterPlan
  readonly config: Partial<StreamsConfig>
}

const EMITS = ['on-window-update', 'on-window-close', 'suppressed'] as const
/** One seed in this many runs at least once. */
const AT_LEAST_ONCE_SHARE = 0.15
/** Stores drop windows by the minute at least. */
const FAST_EVENT_PACE = 1_000

/** @param guaranteed - Undefined: as it falls. */
export function makePlan(random: Random, guaranteed: SimulationPlan['guarantee'] | undefined): SimulationPlan {
  // Drawn in any case, so that a seed has the same plan but for this.
  const drawn = random.chance(AT_LEAST_ONCE_SHARE) ? 'at_least_once' : 'exactly_once'
  const guarantee = guaranteed ?? drawn
  const emit = random.pick(EMITS)
  const eventPace = random.pick([1, 1, FAST_EVENT_PACE])
  const sessionTimeoutMs = random.between(800, 2_500)
  return {
    guarantee,
    instances: random.between(2, 3),
    staticMembers: random.chance(0.6),
    workload: {
      partitions: random.between(2, 3),
      keys: random.between(3, 8),
      groups: random.between(2, 6),
      windowMs: eventPace * random.between(50, 200),
      graceMs: eventPace * random.pick([0, 0, 30, 100]),
      joinWithinMs: eventPace * random.between(10, 60),
      emit,
      eventPace,
      waitsOneIn: random.pick([0, 0, 3, 10]),
      persistent: { lists: random.chance(0.75), windowed: random.chance(0.75), joined: random.chance(0.75) },
      records: random.between(200, 260),
      inputMs: random.between(1_500, 3_000),
    },
    cluster: {
      nodes: random.between(1, 3),
      latencyMs: random.pick([0, 1, 2, 5]),
      transactionVersion: random.pick([1, 2]),
      maxRecordMarkerDelayMs: random.pick([0, 10, 100, 400]),
      maxOffsetMarkerDelayMs: random.pick([0, 10, 100, 300]),
    },
    config: {
      processingGuarantee: guarantee,
      transactionScope: random.chance(0.45) ? 'instance' : 'task',
      commitIntervalMs: random.between(10, 200),
      cacheBytes: random.pick([0, 0, 2_000, 1_000_000]),
      uncommittedBytes: random.pick([2_048, 64 * 1024 * 1024]),
      maxTaskIdleMs: random.pick([-1, 0, 0, 20]),
      emitIntervalMs: 0,
      sessionTimeoutMs,
      // Members hear of a rebalance with their heartbeats, every third of the session.
      rebalanceTimeoutMs: Math.ceil(sessionTimeoutMs / 3) + random.between(200, 4_000),
      requestTimeoutMs: random.between(1_500, 4_000),
      transactionTimeoutMs: random.between(500, 3_000),
      repartitionPurgeIntervalMs: random.pick([200, 1_000_000, 1_000_000]),
      metadataMaxAgeMs: 1_000_000,
    },
  }
}
