// The public door. Everything a user may rely on is exported here or from 'millrace/testing'.
import './core/node-version.ts'

export * from '../stores/errors.ts'
export type {
  KeyRange,
  KeyValueStore,
  SessionRange,
  SessionStore,
  StateStore,
  StoreBuilder,
  StoreKind,
  TimeRange,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  VersionedPut,
  VersionedRecord,
  WindowStore,
} from '../stores/store.ts'
export type {
  KeyValueStoreOptions,
  LogHeaders,
  SessionStoreOptions,
  StoreOptions,
  VersionedStoreOptions,
  WindowStoreOptions,
} from '../stores/store-options.ts'
export { stores } from '../stores/stores.ts'
export type * from '../topology/callbacks.ts'
export { CogroupedKStream } from '../topology/cogrouped-kstream.ts'
export type {
  AdjoiningWindowsOptions,
  CustomWindows,
  CustomWindowsLimits,
  CustomWindowsOptions,
  OverlappingWindowsOptions,
} from '../topology/custom-windows.ts'
export * from '../topology/errors.ts'
export { GlobalKTable } from '../topology/global-ktable.ts'
export { KGroupedStream } from '../topology/kgrouped-stream.ts'
export { KGroupedTable } from '../topology/kgrouped-table.ts'
export { KStream } from '../topology/kstream.ts'
export { KTable } from '../topology/ktable.ts'
export type * from '../topology/options.ts'
export type {
  OffsetReset,
  StreamPartitioner,
  TimestampExtractor,
  TopicNameExtractor,
} from '../topology/physical.ts'
export type {
  Cancellable,
  DropCause,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationOptions,
  Punctuator,
  RecordMetadata,
} from '../topology/processor.ts'
export type {
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  MetricOptions,
  ProcessorMetrics,
} from '../topology/processor-metrics.ts'
export type {
  CreateTransformer,
  TransformerContext,
  ValueTransformer,
} from '../topology/processors/transform-values.ts'
export type { CreateProcessor } from '../topology/processors/user-processor.ts'
export { SessionWindowedKStream } from '../topology/session-windowed-kstream.ts'
export type { TopicChooser } from '../topology/sink-topic.ts'
export type { BranchCondition, Branches, BranchOptions } from '../topology/split.ts'
export type { StreamJoinOptions } from '../topology/stream-join-options.ts'
export { StreamsBuilder } from '../topology/streams-builder.ts'
export { TimeWindowedKStream } from '../topology/time-windowed-kstream.ts'
export { timestamps } from '../topology/timestamps.ts'
export {
  type AddFilledStoreOptions,
  type AddProcessorOptions,
  type AddSinkOptions,
  type AddSourceOptions,
  type DescribeOptions,
  Topology,
} from '../topology/topology.ts'
export {
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from '../topology/windowed-cogrouped-kstream.ts'
export {
  type EmitStrategy,
  type JoinWindows,
  type SessionWindows,
  type SlidingWindows,
  type TimeWindows,
  type UnlimitedWindows,
  windows,
} from '../topology/windows.ts'
export { type AclOperation, type AclResourceType, AuthorizationError, type Permission } from './client/authorization.ts'
export type * from './client/client.ts'
export * from './client/errors.ts'
export { type KafkaOptions, kafkaCluster } from './client/kafkajs/index.ts'
export {
  type MemoryCluster,
  type MemoryClusterOptions,
  memoryCluster,
  parentCluster,
  shareCluster,
} from './client/memory/index.ts'
export { openClient } from './client/open-client.ts'
export { type Clock, systemClock, type Timer } from './core/clock.ts'
export { InvalidConfigError, InvariantError, type Recovery, StreamsError } from './core/errors.ts'
export { type Logger, silentLogger } from './core/log.ts'
export { type Header, type Headers, partitionKey, StreamRecord, type TopicPartition } from './core/record.ts'
export { type Window, type WindowEnds, Windowed } from './core/windowed.ts'
export { KafkaStreams, type KafkaStreamsEvents, type KafkaStreamsState } from './kafka-streams.ts'
export type { CommitStep } from './runtime/commit-lane.ts'
export type { ProcessingGuarantee, StreamsConfig } from './runtime/config.ts'
export type {
  CounterValue,
  CustomMetric,
  GaugeValue,
  HistogramValue,
  MetricIdentity,
} from './runtime/custom-metric.ts'
export { type DeadLetter, deadLetterOf } from './runtime/dead-letter.ts'
export {
  type DeserializationHandler,
  type ErrorContext,
  type ErrorDecision,
  handlers,
  type ProcessingErrorContext,
  type ProcessingHandler,
  type ProductionError,
  type ProductionErrorContext,
  type ProductionHandler,
} from './runtime/error-handlers.ts'
export * from './runtime/errors.ts'
export type { MetricsSnapshot } from './runtime/metrics.ts'
export type { RestoredEvent, RestoringEvent } from './runtime/restore-progress.ts'
export { DeserializationError, SerializationError } from './serde/errors.ts'
export { serdes } from './serde/index.ts'
export type { JsonSerde } from './serde/json.ts'
export type { Serde } from './serde/serde.ts'
