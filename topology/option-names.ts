// The names of the options that methods take, for checkOptions. The compiler compares each list with the interface that users see.
import type { OptionNames } from './check-options.ts'
import type {
  AggregateOptions,
  BuildOptions,
  DistinctOptions,
  ForeignKeyJoinOptions,
  GlobalStoreOptions,
  GlobalTableOptions,
  GroupOptions,
  KeyOptions,
  KeyValueOptions,
  MaterializeOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProcessValuesOptions,
  RepartitionOptions,
  SinkOptions,
  StreamOptions,
  StreamTableJoinOptions,
  SuppressOptions,
  TableOptions,
  TransformValuesOptions,
  ValueOptions,
  WindowedByOptions,
  WindowedMaterializeOptions,
} from './options.ts'
import type { BranchOptions } from './split.ts'
import type { StreamJoinOptions } from './stream-join-options.ts'

export const NAMED: OptionNames<NamedOptions> = { name: true }
export const VALUE: OptionNames<ValueOptions<any>> = { ...NAMED, value: true }
export const KEY: OptionNames<KeyOptions<any>> = { ...NAMED, key: true }
export const KEY_VALUE: OptionNames<KeyValueOptions<any, any>> = { ...KEY, ...VALUE }

const READ = { ...KEY_VALUE, timestamp: true } as const
const LOGGED = { logging: true, changelogConfigs: true } as const
const KEPT = { ...LOGGED, persistent: true } as const
const TABLE_STORE = { ...KEPT, store: true, caching: true } as const

export const STREAM: OptionNames<StreamOptions<any, any>> = { ...READ, offsetReset: true }
export const TABLE: OptionNames<TableOptions<any, any>> = { ...STREAM, ...TABLE_STORE, versioned: true }
export const GLOBAL_TABLE: OptionNames<GlobalTableOptions<any, any>> = { ...READ, store: true, persistent: true }
export const GLOBAL_STORE: OptionNames<GlobalStoreOptions<any, any>> = { ...READ, create: true }
export const BUILD: OptionNames<BuildOptions> = { optimization: true }

export const SINK: OptionNames<SinkOptions<any, any>> = { ...KEY_VALUE, partitioner: true }
export const GROUP: OptionNames<GroupOptions<any, any>> = KEY_VALUE
export const REPARTITION: OptionNames<RepartitionOptions<any, any>> = { ...SINK, partitionCount: true }
export const PRINT: OptionNames<PrintOptions<any, any>> = { ...NAMED, label: true, format: true, write: true }
export const BRANCH: OptionNames<BranchOptions<any, any, any>> = { ...NAMED, when: true, chain: true }
export const DISTINCT: OptionNames<DistinctOptions<any, any, any>> = {
  ...KEY,
  ...KEPT,
  withinMs: true,
  id: true,
  idSerde: true,
  store: true,
}

const PROCESSOR = { stores: true, create: true } as const
export const PROCESS: OptionNames<ProcessOptions<any, any, any, any>> = { ...KEY_VALUE, ...PROCESSOR }
export const PROCESS_VALUES: OptionNames<ProcessValuesOptions<any, any, any>> = { ...VALUE, ...PROCESSOR }

const JOIN = { ...KEY_VALUE, left: true, right: true } as const
export const STREAM_JOIN: OptionNames<StreamJoinOptions<any, any, any, any>> = {
  ...JOIN,
  ...KEPT,
  within: true,
  store: true,
  emitUnmatched: true,
}
export const STREAM_TABLE_JOIN: OptionNames<StreamTableJoinOptions<any, any, any, any>> = { ...JOIN, graceMs: true }

const MATERIALIZE_ANY = { ...KEY_VALUE, ...TABLE_STORE } as const
export const MATERIALIZE: OptionNames<MaterializeOptions<any, any> | AggregateOptions<any, any>> = {
  ...MATERIALIZE_ANY,
  versioned: true,
}
export const WINDOWED_MATERIALIZE: OptionNames<WindowedMaterializeOptions<any, any>> = {
  ...MATERIALIZE_ANY,
  retentionMs: true,
}
export const WINDOWED_BY: OptionNames<WindowedByOptions> = { emit: true }
export const TRANSFORM_VALUES: OptionNames<TransformValuesOptions<any, any, any>> = { ...MATERIALIZE, ...PROCESSOR }
export const FOREIGN_KEY_JOIN: OptionNames<ForeignKeyJoinOptions<any, any, any>> = {
  ...MATERIALIZE,
  partitioner: true,
  otherPartitioner: true,
}
export const SUPPRESS: OptionNames<SuppressOptions> = {
  ...NAMED,
  ...LOGGED,
  until: true,
  timeLimitMs: true,
  maxRecords: true,
  maxBytes: true,
  whenFull: true,
}
