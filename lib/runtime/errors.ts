import { messageOf, type Recovery, StreamsError } from '../core/errors.ts'
import type { TopicPartition } from '../core/record.ts'

/** A topic that the topology reads does not exist. */
export class MissingSourceTopicError extends StreamsError {
  readonly code = 'STREAMS_MISSING_SOURCE_TOPIC'
  readonly recovery: Recovery = 'fail'
  readonly topics: readonly string[]

  constructor(topics: readonly string[]) {
    const names = topics.map((topic) => `'${topic}'`).join(', ')
    super(`The topology reads ${names}, which the cluster does not have. Create it before the application starts.`)
    this.topics = topics
  }
}

/** A topic that the topology writes does not exist. */
export class MissingSinkTopicError extends StreamsError {
  readonly code = 'STREAMS_MISSING_SINK_TOPIC'
  readonly recovery: Recovery = 'fail'
  readonly topic: string

  constructor(topic: string, node: string) {
    super(
      `Node '${node}' writes to topic '${topic}', which the cluster does not have. Create it before the application starts.`,
    )
    this.topic = topic
  }
}

/** An internal topic exists with a partition count that does not fit the topology's inputs. */
export class InternalTopicPartitionsError extends StreamsError {
  readonly code = 'STREAMS_INTERNAL_TOPIC_PARTITIONS'
  readonly recovery: Recovery = 'fail'
  readonly topic: string
  readonly expected: number
  readonly actual: number

  constructor(topic: string, expected: number, actual: number, because: string) {
    super(
      `Internal topic '${topic}' has ${actual} partitions, and should have ${expected}: ${because}. ` +
        'A key would no longer meet its state. Restore the old partition count, or start under a new applicationId.',
    )
    this.topic = topic
    this.expected = expected
    this.actual = actual
  }
}

/** A changelog has lost what a store on disk still holds: its topic was deleted or created anew, or its end is gone. Going on would lose one or the other. */
export class ChangelogLostError extends StreamsError {
  readonly code = 'STREAMS_CHANGELOG_LOST'
  readonly recovery: Recovery = 'fail'
  readonly store: string
  readonly topic: string
  /** Undefined: all of them. */
  readonly partition: number | undefined
  /** Where the state lies: of the store's task, or of the instance if the loss is that of the whole topic. */
  readonly directory: string

  constructor(
    store: string,
    { topic, partition }: Pick<TopicPartition, 'topic'> & Partial<TopicPartition>,
    problem: string,
    directory: string,
  ) {
    super(
      `The changelog '${topic}'${partition === undefined ? '' : ` (partition ${partition})`} is not what store '${store}' was filled from: ${problem}. What the store holds may be ` +
        `nowhere else, and was left as it is. To go on with what the changelog has now, delete the folder '${directory}' while the instance is stopped: ` +
        'all stores in it are then restored from their changelogs. If you have a copy of the lost topic, write it there first; to build the state ' +
        'from the inputs again, start under a new applicationId.',
    )
    this.store = store
    this.topic = topic
    this.partition = partition
    this.directory = directory
  }
}

/** The group has lost committed offsets of inputs whose records the state on disk stands for. Going on would count them again, or leave some out. */
export class CommittedOffsetsLostError extends StreamsError {
  readonly code = 'STREAMS_COMMITTED_OFFSETS_LOST'
  readonly recovery: Recovery = 'fail'
  readonly taskId: string
  readonly partitions: readonly TopicPartition[]
  /** Where the state lies. */
  readonly directory: string

  constructor(taskId: string, partitions: readonly TopicPartition[], groupId: string, directory: string) {
    const names = partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
    super(
      `The group '${groupId}' has no committed offset of ${names} any more, but the state of task ${taskId} in '${directory}' was made from records before it. The offset has expired ` +
        '(the brokers keep those of a group without members for offsets.retention.minutes), or was deleted. Nothing was changed: where offsetReset begins, records would be counted again or left out. ' +
        'With all instances stopped, set the offsets of the group to where the application goes on (resetOffsets() of the admin, kafka-consumer-groups --reset-offsets); ' +
        'or reset the application: delete its internal topics and state directories, and it counts anew.',
    )
    this.taskId = taskId
    this.partitions = partitions
    this.directory = directory
  }
}

/** Topics whose equal keys must meet in one task have different partition counts. */
export class NotCopartitionedError extends StreamsError {
  readonly code = 'STREAMS_NOT_COPARTITIONED'
  readonly recovery: Recovery = 'fail'
  readonly partitionCounts: ReadonlyMap<string, number>

  constructor(partitionCounts: ReadonlyMap<string, number>) {
    const counts = [...partitionCounts].map(([topic, count]) => `'${topic}' has ${count}`).join(', ')
    super(
      `Topics that are joined or merged by key must have equal partition counts: ${counts}. ` +
        'Call .repartition() on one side first.',
    )
    this.partitionCounts = partitionCounts
  }
}

/** Where a record that could not be handled lies. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** A place in words. */
export function placeText({ topic, partition, offset }: RecordPlace): string {
  return topic === '' ? 'no input record, but in a punctuation' : `the record at ${topic}-${partition} offset ${offset}`
}

/** Says in an error's message where it came up, which is known only to its task. */
export function addPlace(error: Error, node: string, taskId: string, place: RecordPlace): void {
  const at = error.message.includes(`'${node}'`) ? '' : `node '${node}', `
  error.message += ` (${at}task ${taskId}, ${placeText(place)})`
}

/** A record's bytes cannot be read by the serde of its source. Nothing is committed past it. */
export class RecordDeserializationError extends StreamsError {
  readonly code = 'STREAMS_RECORD_DESERIALIZATION'
  readonly recovery: Recovery = 'fail'
  /** The source that reads it. */
  readonly node: string
  readonly place: RecordPlace
  readonly part: 'key' | 'value'

  constructor(part: 'key' | 'value', node: string, place: RecordPlace, cause: unknown) {
    super(
      `The ${part} of the record at ${place.topic}-${place.partition} offset ${place.offset} cannot be deserialized by ` +
        `source '${node}': ${messageOf(cause).replace(/\.$/, '')}. Correct the serde, move the committed offset past the record, or go on without ` +
        'such records: deserializationHandler: handlers.logAndContinue.',
      { cause },
    )
    this.node = node
    this.place = place
    this.part = part
  }
}

/** A key or value cannot be written by the serde of a sink. */
export class RecordSerializationError extends StreamsError {
  readonly code = 'STREAMS_RECORD_SERIALIZATION'
  readonly recovery: Recovery = 'fail'
  readonly node: string
  readonly topic: string
  readonly part: 'key' | 'value'

  constructor(part: 'key' | 'value', node: string, topic: string, cause: unknown) {
    super(`Node '${node}' cannot serialize a ${part} for topic '${topic}': ${messageOf(cause)}`, { cause })
    this.node = node
    this.topic = topic
    this.part = part
  }
}

/** User code in a processor threw, or rejected. The cause is what it threw. */
export class ProcessingError extends StreamsError {
  readonly code = 'STREAMS_PROCESSING'
  readonly recovery: Recovery = 'fail'
  readonly taskId: string
  /** The node whose code it was. */
  readonly node: string
  /** The input record; topic `''`, partition -1 and offset -1 in a punctuation. */
  readonly place: RecordPlace

  constructor(taskId: string, node: string, place: RecordPlace, cause: unknown) {
    super(`Node '${node}' of task ${taskId} failed on ${placeText(place)}: ${messageOf(cause)}`, { cause })
    this.taskId = taskId
    this.node = node
    this.place = place
  }
}

/** A processor could not be made: its `create` or `init` threw, or rejected. The cause is what it threw. */
export class ProcessorInitError extends StreamsError {
  readonly code = 'STREAMS_PROCESSOR_INIT'
  readonly recovery: Recovery = 'fail'

  constructor(node: string, taskId: string, cause: unknown) {
    super(`Processor '${node}' of task ${taskId} could not be initialised: ${messageOf(cause)}`, { cause })
  }
}

/** An error handler threw, or returned what it must not. The cause is what it threw; `handled` is the error that it was asked about. */
export class ErrorHandlerError extends StreamsError {
  readonly code = 'STREAMS_ERROR_HANDLER'
  readonly recovery: Recovery = 'fail'
  /** The option: `processingHandler`. */
  readonly handler: string
  readonly handled: unknown

  constructor(handler: string, handled: unknown, problem: string, options?: ErrorOptions) {
    super(`The ${handler} ${problem}. It was asked about this error: ${messageOf(handled)}`, options)
    this.handler = handler
    this.handled = handled
  }
}

/** A record carries no usable time, and its source has no timestamp extractor that finds one. */
export class InvalidTimestampError extends StreamsError {
  readonly code = 'STREAMS_INVALID_TIMESTAMP'
  readonly recovery: Recovery = 'fail'
  /** The source that reads it. */
  readonly node: string
  readonly place: RecordPlace

  constructor(node: string, place: RecordPlace, timestamp: number) {
    super(
      `The record at ${place.topic}-${place.partition} offset ${place.offset} has the timestamp ${timestamp}. ` +
        `Give the source '${node}' a \`timestamp\` extractor that finds a time in the record, or returns -1 to drop it.`,
    )
    this.node = node
    this.place = place
  }
}

/** The timestamp extractor of a source threw. The cause is what it threw. */
export class TimestampExtractorError extends StreamsError {
  readonly code = 'STREAMS_TIMESTAMP_EXTRACTOR'
  readonly recovery: Recovery = 'fail'
  /** The source. */
  readonly node: string
  readonly place: RecordPlace

  constructor(node: string, place: RecordPlace, cause: unknown) {
    super(
      `The timestamp extractor of source '${node}' failed on the record at ${place.topic}-${place.partition} offset ` +
        `${place.offset}: ${messageOf(cause)}. Have it return -1 for records that are to be dropped.`,
      { cause },
    )
    this.node = node
    this.place = place
  }
}

/** A node forwards to, or asks for, something that the topology does not connect it to. */
export class UnknownChildError extends StreamsError {
  readonly code = 'STREAMS_UNKNOWN_CHILD'
  readonly recovery: Recovery = 'fail'

  constructor(node: string, child: string, children: readonly string[]) {
    super(`Node '${node}' has no child '${child}'; its children are: ${children.join(', ') || 'none'}`)
  }
}

/** A processor asks for a store that was not connected to it. */
export class UnconnectedStoreError extends StreamsError {
  readonly code = 'STREAMS_UNCONNECTED_STORE'
  readonly recovery: Recovery = 'fail'

  constructor(node: string, store: string, connected: readonly string[]) {
    super(
      `Processor '${node}' asks for store '${store}', which is not connected to it ` +
        `(connected: ${connected.join(', ') || 'none'}). Name it in the processor's \`stores\`.`,
    )
  }
}

/** A store that a processor may only read was to be changed. */
export class ReadOnlyStoreError extends StreamsError {
  readonly code = 'STREAMS_READ_ONLY_STORE'
  readonly recovery: Recovery = 'fail'
  readonly store: string

  constructor(store: string, method: string) {
    super(
      `${method}() was called on the global store '${store}', which only the processor that fills it may change. ` +
        'Write to the topic that it is filled from instead: the change then reaches every instance.',
    )
    this.store = store
  }
}

/** Records of a global store's topic were deleted before this instance had read them. */
export class GlobalStoreOutdatedError extends StreamsError {
  readonly code = 'STREAMS_GLOBAL_STORE_OUTDATED'
  readonly recovery: Recovery = 'fail'
  readonly topic: string
  readonly partition: number

  constructor(topic: string, partition: number, cause: unknown) {
    super(
      `Records of ${topic}-${partition} were deleted before the global store that is filled from it had read them. ` +
        'Start the instance again: it then reads the topic from its start. Let the topic be compacted, and not deleted by age, to keep this from happening.',
      { cause },
    )
    this.topic = topic
    this.partition = partition
  }
}

/** A partition has no committed offset, and its source says that it must have one. */
export class NoCommittedOffsetError extends StreamsError {
  readonly code = 'STREAMS_NO_COMMITTED_OFFSET'
  readonly recovery: Recovery = 'fail'

  constructor(topic: string, partition: number) {
    super(
      `${topic}-${partition} has no committed offset, and the source's offsetReset is 'none'. Choose 'earliest' or 'latest'.`,
    )
  }
}

/** The instance was closed, or has failed, before or while it did what was asked. */
export class NotRunningError extends StreamsError {
  readonly code = 'STREAMS_NOT_RUNNING'
  readonly recovery: Recovery = 'fail'
}
