import { type Recovery, StreamsError } from '../lib/core/errors.ts'

export { InvalidArgumentError } from '../lib/core/errors.ts'

/** Two nodes of one topology have the same name. */
export class DuplicateNodeError extends StreamsError {
  readonly code = 'STREAMS_DUPLICATE_NODE'
  readonly recovery: Recovery = 'fail'
  readonly node: string

  constructor(node: string) {
    super(`A node named '${node}' exists already. Give one of the two another { name }.`)
    this.node = node
  }
}

/** Two stores of one topology have the same name, or one name would get two changelog topics. */
export class DuplicateStoreError extends StreamsError {
  readonly code = 'STREAMS_DUPLICATE_STORE'
  readonly recovery: Recovery = 'fail'
  readonly store: string

  constructor(store: string) {
    super(
      `Two different stores are named '${store}'. Rename one of them, or, to share one store, pass the same builder object twice.`,
    )
    this.store = store
  }
}

/** A topic is read by two source nodes. Records of a topic enter a topology once. */
export class DuplicateSourceTopicError extends StreamsError {
  readonly code = 'STREAMS_DUPLICATE_SOURCE_TOPIC'
  readonly recovery: Recovery = 'fail'
  readonly topic: string
  readonly nodes: readonly [first: string, second: string]

  constructor(topic: string, first: string, second: string) {
    super(
      `Topic '${topic}' is read by '${first}' and by '${second}'. Read it once and use that stream twice. ` +
        `Streams of equal sets of topics are merged; sets that overlap in part cannot be.`,
    )
    this.topic = topic
    this.nodes = [first, second]
  }
}

/** One topic is read twice, each time with other serdes, another timestamp extractor or another offset reset. */
export class ConflictingSourceError extends StreamsError {
  readonly code = 'STREAMS_CONFLICTING_SOURCE'
  readonly recovery: Recovery = 'fail'
  readonly topics: readonly string[]
  /** The option in which they differ: `value`. */
  readonly option: string

  constructor(topics: readonly string[], option: string, first: string, second: string) {
    super(
      `'${first}' and '${second}' both read ${topics.map((topic) => `'${topic}'`).join(', ')}, with different '${option}'. ` +
        `They would become one source, so pass the same ${option} (the same object) to both, or use the first stream twice.`,
    )
    this.topics = topics
    this.option = option
  }
}

/** A node names a parent that has not been added. Parents come before their children. */
export class UnknownParentError extends StreamsError {
  readonly code = 'STREAMS_UNKNOWN_PARENT'
  readonly recovery: Recovery = 'fail'
  readonly node: string
  readonly parent: string

  constructor(node: string, parent: string) {
    super(`Node '${node}' names '${parent}' as its parent, but no such node has been added. Add '${parent}' first.`)
    this.node = node
    this.parent = parent
  }
}

/** A processor or sink names no parent, or a sink as its parent: no record could ever reach it. */
export class InvalidParentError extends StreamsError {
  readonly code = 'STREAMS_INVALID_PARENT'
  readonly recovery: Recovery = 'fail'
  readonly node: string
  /** Undefined: no parent was named. */
  readonly parent: string | undefined

  constructor(node: string, parent?: string) {
    super(
      parent === undefined
        ? `Node '${node}' has no parents. Name at least one source or processor in { parents }.`
        : `Node '${node}' names the sink '${parent}' as its parent. A sink forwards nothing: name the processor before it.`,
    )
    this.node = node
    this.parent = parent
  }
}

/** A node is its own parent. */
export class CycleError extends StreamsError {
  readonly code = 'STREAMS_CYCLE'
  readonly recovery: Recovery = 'fail'
  readonly node: string

  constructor(node: string) {
    super(
      `Node '${node}' names itself as its parent. A topology has no cycles; to feed records back, write them to a topic and read it.`,
    )
    this.node = node
  }
}

/** A processor is to be connected to a store that has not been added. */
export class UnknownStoreError extends StreamsError {
  readonly code = 'STREAMS_UNKNOWN_STORE'
  readonly recovery: Recovery = 'fail'
  readonly store: string
  readonly node: string

  constructor(store: string, node: string) {
    super(
      `Processor '${node}' uses the store '${store}', but no such store has been added. ` +
        `Add it with addStateStore(), or put its builder into the processor's { stores }.`,
    )
    this.store = store
    this.node = node
  }
}

/** A store is to be connected to something that is not a processor of this topology. */
export class UnknownProcessorError extends StreamsError {
  readonly code = 'STREAMS_UNKNOWN_PROCESSOR'
  readonly recovery: Recovery = 'fail'
  readonly node: string
  readonly store: string

  constructor(node: string, store: string, kind?: string) {
    super(
      kind === undefined
        ? `Store '${store}' is to be connected to '${node}', but no such processor has been added. Add it first.`
        : `Store '${store}' is to be connected to '${node}', which is a ${kind}: only processors use stores.`,
    )
    this.node = node
    this.store = store
  }
}

/** A store that no processor is connected to: it would never be opened. */
export class UnusedStoreError extends StreamsError {
  readonly code = 'STREAMS_UNUSED_STORE'
  readonly recovery: Recovery = 'fail'
  readonly store: string

  constructor(store: string) {
    super(
      `Store '${store}' was added, but no processor is connected to it. ` +
        `Name it in a processor's { stores }, call connectProcessorAndStateStores(), or remove it.`,
    )
    this.store = store
  }
}

/** A topology without a source has nothing to do. */
export class EmptyTopologyError extends StreamsError {
  readonly code = 'STREAMS_EMPTY_TOPOLOGY'
  readonly recovery: Recovery = 'fail'

  constructor() {
    super(`The topology reads no topic. Start with stream(), or with addSource().`)
  }
}

/** A topic name that Kafka does not allow. */
export class InvalidTopicNameError extends StreamsError {
  readonly code = 'STREAMS_INVALID_TOPIC_NAME'
  readonly recovery: Recovery = 'fail'
  readonly topic: string

  constructor(topic: string, problem: string) {
    super(`Invalid topic name '${topic}': ${problem}`)
    this.topic = topic
  }
}

/** A node name that is not allowed: the rules are those of topic names, since internal topics are named after nodes. */
export class InvalidNodeNameError extends StreamsError {
  readonly code = 'STREAMS_INVALID_NODE_NAME'
  readonly recovery: Recovery = 'fail'
  readonly node: string

  constructor(node: string, problem: string) {
    super(`Invalid node name '${node}': ${problem}`)
    this.node = node
  }
}

/** A store name that is not allowed: the rules are those of topic names, since the changelog topic is named after the store. */
export class InvalidStoreNameError extends StreamsError {
  readonly code = 'STREAMS_INVALID_STORE_NAME'
  readonly recovery: Recovery = 'fail'
  readonly store: string

  constructor(store: string, problem: string) {
    super(`Invalid store name '${store}': ${problem}`)
    this.store = store
  }
}

/** The options of verbs that take serdes; `left` and `right` take those of the values of two that are joined. */
export type SerdeOption = 'key' | 'value' | 'left' | 'right' | 'idSerde'

/** Where a serde is missing, and what is known of the keys or values that it is needed for. */
export interface MissingSerde {
  /** The node that reads, writes or stores them. */
  readonly node: string
  /** The option in which the serde can be given. */
  readonly option: SerdeOption
  /** What the node does with them: `writes topic 'counts'`. */
  readonly purpose: string
  /** The method that takes the option; undefined: the node's own takes none, it is to be given where they were made. */
  readonly method: string | undefined
  /** Where they were made: `'KSTREAM-MAP-0000000001' (map)`; undefined if the node itself is where they enter. */
  readonly origin: string | undefined
}

/** Keys or values are to be read, written or stored, but nobody said how they become bytes. */
export class MissingSerdeError extends StreamsError {
  readonly code = 'STREAMS_MISSING_SERDE'
  readonly recovery: Recovery = 'fail'
  readonly node: string
  readonly option: SerdeOption

  constructor({ node, option, purpose, method, origin }: MissingSerde) {
    const part = option === 'key' ? 'key' : 'value'
    // What makes them needs not be named twice.
    const elsewhere = origin !== undefined && !(method !== undefined && origin.startsWith(`'${node}' `))
    const places = [...(method === undefined ? [] : [`to ${method}()`]), ...(elsewhere ? ['there'] : [])]
    super(
      `Node '${node}' ${purpose} and has no ${part} serde. ` +
        (!elsewhere ? '' : `Its ${part}s were made by ${origin}, which was given none. `) +
        `Pass { ${option}: serde } ${places.join(', or ')}.`,
    )
    this.node = node
    this.option = option
  }
}

/** A user's callback returned what its verb cannot use: `undefined`, or not a pair, or nothing to iterate over. */
export class CallbackResultError extends StreamsError {
  readonly code = 'STREAMS_CALLBACK_RESULT'
  readonly recovery: Recovery = 'fail'
  readonly node: string

  constructor(node: string, returned: string, wanted: string) {
    super(
      `The callback of node '${node}' returned ${returned}; it must return ${wanted}. ` +
        `A function body in braces needs a return; null, not undefined, stands for "no value".`,
    )
    this.node = node
  }
}

/** What a user's function says of windows cannot be: a window without its time, of two lengths, longer than the longest. */
export class InvalidWindowsError extends StreamsError {
  readonly code = 'STREAMS_INVALID_WINDOWS'
  readonly recovery: Recovery = 'fail'
  /** What the function was asked for, in epoch milliseconds. */
  readonly timestampMs: number

  /** `problem` ends the sentence that begins with what was asked, and says what is allowed. */
  constructor(asked: 'windowOf' | 'windowsFor', timestampMs: number, problem: string) {
    super(`${asked}(${timestampMs}) of windows.custom ${problem}`)
    this.timestampMs = timestampMs
  }
}

/** Results are to wait until their window closes, but nothing upstream has windows: the time of it is not known. */
export class NoWindowCloseError extends StreamsError {
  readonly code = 'STREAMS_NO_WINDOW_CLOSE'
  readonly recovery: Recovery = 'fail'
  readonly node: string

  constructor(node: string, chain: readonly string[]) {
    super(
      `Node '${node}' waits until windows close, but above it there is a way without a windowed aggregation: ${chain.join(' → ')}. ` +
        "Call suppress({ until: 'window-closes' }) on a table that comes of windowedBy(), or wait by time: { until: 'time-limit', timeLimitMs }.",
    )
    this.node = node
  }
}

/** A suppress buffer is full, and was told to stop the instance rather than to emit early. */
export class SuppressBufferFullError extends StreamsError {
  readonly code = 'STREAMS_SUPPRESS_BUFFER_FULL'
  readonly recovery: Recovery = 'fail'
  readonly node: string

  constructor(node: string, held: { readonly records: number; readonly bytes: number }, limits: string) {
    super(
      `The buffer of node '${node}' holds ${held.records} records in ${held.bytes} bytes, and its limit is ${limits}. ` +
        "Raise the limit, let fewer keys wait (shorter windows, grace or time limit), or emit early: { whenFull: 'emit-early' }.",
    )
    this.node = node
  }
}
