/**
 * What the runtime does next when this error reaches it: stop the instance (`fail`), try the same request again (`retry`),
 * join the group anew (`rejoin`), or rebuild the task from its last commit (`restore`).
 */
export type Recovery = 'fail' | 'retry' | 'rejoin' | 'restore'

/**
 * The base of every error that Millrace throws. Messages may change between versions; `code` never changes within a major version.
 *
 * @example
 * try {
 *   await streams.start()
 * } catch (error) {
 *   if (error instanceof StreamsError && error.code === 'STREAMS_MISSING_SOURCE_TOPIC') await createTopics()
 *   else throw error
 * }
 */
export abstract class StreamsError extends Error {
  abstract readonly code: string
  abstract readonly recovery: Recovery

  override get name(): string {
    return this.constructor.name
  }
}

/** A configuration value is missing or not allowed. Thrown at construction, before anything is opened or connected. */
export class InvalidConfigError extends StreamsError {
  readonly code = 'STREAMS_INVALID_CONFIG'
  readonly recovery: Recovery = 'fail'
  /** The option at fault, as written in the configuration object: `commitIntervalMs`. */
  readonly option: string

  constructor(option: string, problem: string) {
    super(`Invalid configuration: '${option}' ${problem}`)
    this.option = option
  }
}

/**
 * An argument of a method is missing, or not of the kind that it must be: of a DSL verb, of the Processor API, or of an admin, which has then asked
 * nothing and changed nothing.
 */
export class InvalidArgumentError extends StreamsError {
  readonly code = 'STREAMS_INVALID_ARGUMENT'
  readonly recovery: Recovery = 'fail'
  /** The method: `merge`. */
  readonly method: string

  constructor(method: string, problem: string) {
    super(`${method}(): ${problem}`)
    this.method = method
  }
}

/** A condition that no input can cause: a bug in Millrace. Please report it. */
export class InvariantError extends StreamsError {
  readonly code = 'STREAMS_INVARIANT'
  readonly recovery: Recovery = 'fail'
}

/** What a caught value says: anything can be thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
