// The topic configurations of Kafka 4.3 with their defaults, and what values they take.

const INT32_MAX = 2 ** 31 - 1
const INT64_MAX = '9223372036854775807'
const DAY_MS = 86_400_000

type Check = (value: string) => string | undefined

interface TopicConfig {
  readonly fallback: string
  /** What is wrong with a value; undefined: nothing. */
  readonly check: Check
}

function integer(minimum: number, maximum: number | 'int64'): Check {
  return (value) => {
    if (!/^-?\d{1,19}$/.test(value)) return 'is not an integer'
    const number = BigInt(value)
    if (number < minimum) return `must be at least ${minimum}`
    return number > BigInt(maximum === 'int64' ? INT64_MAX : maximum) ? 'is too large' : undefined
  }
}

function oneOf(...allowed: readonly string[]): Check {
  return (value) => (allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`)
}

function listOf(...allowed: readonly string[]): Check {
  const each = oneOf(...allowed)
  return (value) =>
    splitList(value)
      .map(each)
      .find((problem) => problem !== undefined)
}

const fraction: Check = (value) => (Number(value) >= 0 && Number(value) <= 1 ? undefined : 'must lie between 0 and 1')
const anything: Check = () => undefined
const boolean = oneOf('true', 'false')
const int32 = (minimum: number): Check => integer(minimum, INT32_MAX)
const int64 = (minimum: number): Check => integer(minimum, 'int64')

const configs: Readonly<Record<string, TopicConfig>> = {
  'cleanup.policy': { fallback: 'delete', check: listOf('compact', 'delete') },
  'compression.gzip.level': { fallback: '-1', check: integer(-1, 9) },
  'compression.lz4.level': { fallback: '9', check: integer(1, 17) },
  'compression.type': {
    fallback: 'producer',
    check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
  },
  'compression.zstd.level': { fallback: '3', check: integer(-131_072, 22) },
  'delete.retention.ms': { fallback: String(DAY_MS), check: int64(0) },
  'file.delete.delay.ms': { fallback: '60000', check: int64(0) },
  'flush.messages': { fallback: INT64_MAX, check: int64(1) },
  'flush.ms': { fallback: INT64_MAX, check: int64(0) },
  'follower.replication.throttled.replicas': { fallback: '', check: anything },
  'index.interval.bytes': { fallback: '4096', check: int32(0) },
  'leader.replication.throttled.replicas': { fallback: '', check: anything },
  'local.retention.bytes': { fallback: '-2', check: int64(-2) },
  'local.retention.ms': { fallback: '-2', check: int64(-2) },
  'max.compaction.lag.ms': { fallback: INT64_MAX, check: int64(1) },
  'max.message.bytes': { fallback: String(1024 * 1024 + 12), check: int32(0) },
  'message.timestamp.after.max.ms': { fallback: '3600000', check: int64(0) },
  'message.timestamp.before.max.ms': { fallback: INT64_MAX, check: int64(0) },
  'message.timestamp.type': { fallback: 'CreateTime', check: oneOf('CreateTime', 'LogAppendTime') },
  'min.cleanable.dirty.ratio': { fallback: '0.5', check: fraction },
  'min.compaction.lag.ms': { fallback: '0', check: int64(0) },
  'min.insync.replicas': { fallback: '1', check: int32(1) },
  preallocate: { fallback: 'false', check: boolean },
  'remote.log.copy.disable': { fallback: 'false', check: boolean },
  'remote.log.delete.on.disable': { fallback: 'false', check: boolean },
  'remote.storage.enable': { fallback: 'false', check: boolean },
  'retention.bytes': { fallback: '-1', check: int64(-Infinity) },
  'retention.ms': { fallback: String(7 * DAY_MS), check: int64(-1) },
  'segment.bytes': { fallback: String(2 ** 30), check: int32(1024 * 1024) },
  'segment.index.bytes': { fallback: String(10 * 2 ** 20), check: int32(4) },
  'segment.jitter.ms': { fallback: '0', check: int64(0) },
  'segment.ms': { fallback: String(7 * DAY_MS), check: int64(1) },
  'unclean.leader.election.enable': { fallback: 'false', check: boolean },
}

/** The names of all topic configurations. */
export const topicConfigNames: readonly string[] = Object.keys(configs)

export function defaultTopicConfig(name: string): string {
  return configs[name]!.fallback
}

/** Whether values are lists that APPEND and SUBTRACT can change. */
export function isListConfig(name: string): boolean {
  return name === 'cleanup.policy' || name.endsWith('.replication.throttled.replicas')
}

export function splitList(value: string): string[] {
  return value === '' ? [] : value.split(',').map((each) => each.trim())
}

/** What is wrong with a set of configurations; undefined: nothing. */
export function problemWithTopicConfigs(values: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of values) {
    const config = configs[name]
    if (config === undefined) return `Unknown topic config name: ${name}`
    const problem = config.check(value)
    if (problem !== undefined) return `Invalid value ${value} for configuration ${name}: the value ${problem}`
  }
  return undefined
}

/** The configurations that an append or a fetch asks for, parsed once per change. */
export interface LogConfig {
  readonly isCompacted: boolean
  readonly isDeleted: boolean
  readonly maxMessageBytes: number
  readonly logAppendTime: boolean
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly deleteRetentionMs: number
}

/** @param configured - The values that differ from the defaults. */
export function logConfig(configured: ReadonlyMap<string, string>): LogConfig {
  const value = (name: string): string => configured.get(name) ?? defaultTopicConfig(name)
  const policies = splitList(value('cleanup.policy'))
  return {
    isCompacted: policies.includes('compact'),
    isDeleted: policies.includes('delete'),
    maxMessageBytes: Number(value('max.message.bytes')),
    logAppendTime: value('message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: Number(value('message.timestamp.before.max.ms')),
    timestampAfterMaxMs: Number(value('message.timestamp.after.max.ms')),
    deleteRetentionMs: Number(value('delete.retention.ms')),
  }
}
