import { type Recovery, StreamsError } from '../lib/core/errors.ts'

/** Who holds a state directory, as far as its holder has written it down. */
export interface StateDirectoryHolder {
  readonly pid: number
  readonly host: string
  /** Epoch milliseconds. */
  readonly sinceMs: number
}

/** Another instance works in the state directory. Two of them would overwrite each other's state, so the second does not start. */
export class StateDirectoryLockedError extends StreamsError {
  readonly code = 'STREAMS_STATE_DIR_LOCKED'
  readonly recovery: Recovery = 'fail'
  readonly directory: string
  readonly holder: StateDirectoryHolder | undefined

  constructor(directory: string, holder?: StateDirectoryHolder) {
    super(
      `The state directory '${directory}' is in use by ${describe(holder)}. ` +
        'Stop that instance, or give this one a stateDir of its own.',
    )
    this.directory = directory
    this.holder = holder
  }
}

function describe(holder: StateDirectoryHolder | undefined): string {
  if (holder === undefined) return 'another process'
  const { pid, host, sinceMs } = holder
  const who = pid === process.pid ? `another instance in this process (pid ${pid})` : `process ${pid} on host ${host}`
  return `${who}, since ${new Date(sinceMs).toISOString()}`
}

/**
 * Local state cannot be trusted: damaged by the disk or by someone's hand. A task's folder is set aside and its stores are restored from their
 * changelogs, if all of them have one; what is thrown to the user is about state that is nowhere else.
 */
export class StateCorruptedError extends StreamsError {
  readonly code = 'STREAMS_STATE_CORRUPTED'
  readonly recovery: Recovery
  readonly directory: string
  /** What was found: `000012.ldb has a wrong checksum in the block at 4096`. */
  readonly problem: string

  /** @param unlogged - Stores of this state that have no changelog. */
  constructor(directory: string, problem: string, options?: ErrorOptions & { readonly unlogged?: readonly string[] }) {
    const unlogged = (options?.unlogged ?? []).map((name) => `'${name}'`).join(', ')
    super(
      `The state in '${directory}' is damaged (${problem}). ` +
        (unlogged === ''
          ? 'Delete this folder while the instance is stopped: what it held is then read again.'
          : `${unlogged}, which no changelog holds, would be lost: bring the folder back from a backup, or delete it while the instance is ` +
            'stopped to have such stores start empty, and the others restored from their changelogs.'),
      options,
    )
    this.recovery = unlogged === '' ? 'restore' : 'fail'
    this.directory = directory
    this.problem = problem
  }
}

/** The disk takes no more local state: it is full, or a quota is used up. What was committed is in Kafka, and unharmed. */
export class StateDiskFullError extends StreamsError {
  readonly code = 'STREAMS_STATE_DISK_FULL'
  readonly recovery: Recovery = 'fail'
  readonly directory: string
  /** On the file system of the directory, when the error came up; undefined: cannot be told. */
  readonly freeBytes: number | undefined

  constructor(directory: string, problem: string, freeBytes: number | undefined, options?: ErrorOptions) {
    super(
      `The state in '${directory}' cannot be written (${problem}). ` +
        (freeBytes === undefined ? '' : `Its file system has ${freeBytes} bytes free. `) +
        'Make room, or give this instance a stateDir elsewhere, and start it again: what was committed is in Kafka, and what the disk lacks is restored from there.',
      options,
    )
    this.directory = directory
    this.freeBytes = freeBytes
  }
}

/** Local state was written by a version of Millrace that is newer than this one. */
export class StateFormatError extends StreamsError {
  readonly code = 'STREAMS_STATE_FORMAT'
  readonly recovery: Recovery = 'fail'
  readonly directory: string

  constructor(directory: string, found: string, known: string) {
    super(
      `The state in '${directory}' has format ${found}; this version of Millrace knows formats up to ${known}. ` +
        'Run the version that wrote it, or delete this folder to have its stores restored from their changelog topics.',
    )
    this.directory = directory
  }
}

/** The disk refused to read or write local state: read-only, gone, broken. What was committed before is unharmed. */
export class StateIoError extends StreamsError {
  readonly code = 'STREAMS_STATE_IO'
  readonly recovery: Recovery = 'fail'
  readonly directory: string

  constructor(directory: string, problem: string, options?: ErrorOptions) {
    super(
      `The state in '${directory}' cannot be read or written (${problem}). Check the disk and the permissions of this folder, and start the instance again: ` +
        'what was committed is in Kafka, and what the disk lacks is restored from there.',
      options,
    )
    this.directory = directory
  }
}

/** The store belongs to a task that has closed or moved to another instance. */
export class StoreNotOpenError extends StreamsError {
  readonly code = 'STREAMS_STORE_NOT_OPEN'
  readonly recovery: Recovery = 'fail'

  constructor(what: string, options?: ErrorOptions) {
    super(
      `${what} is closed: its task has ended here. Ask for the store again; it may be on another instance now.`,
      options,
    )
  }
}

/** A key or value handed to a store cannot be one. */
export class InvalidStoreArgumentError extends StreamsError {
  readonly code = 'STREAMS_INVALID_STORE_ARGUMENT'
  readonly recovery: Recovery = 'fail'
  readonly store: string

  constructor(store: string, problem: string) {
    super(`Store '${store}': ${problem}`)
    this.store = store
  }
}

/** A store is written by what its own updates cause, over and over. */
export class StoreFeedbackError extends StreamsError {
  readonly code = 'STREAMS_STORE_FEEDBACK'
  readonly recovery: Recovery = 'fail'
  readonly store: string

  constructor(store: string, passes: number) {
    super(
      `Store '${store}' was written by what its own updates cause, ${passes} times over in one flush. ` +
        'Declare it with caching: false, or do not write it from a node downstream of its own table.',
    )
    this.store = store
  }
}

/** A changelog topic holds records in a form that this version of Millrace does not know. */
export class ChangelogFormatError extends StreamsError {
  readonly code = 'STREAMS_CHANGELOG_FORMAT'
  readonly recovery: Recovery = 'fail'
  readonly store: string
  readonly topic: string

  constructor(store: string, topic: string) {
    super(
      `The changelog '${topic}' of store '${store}' holds a record that was not written in version 3 of the format of buffers: ` +
        'by Kafka Streams before 2.4. Let the application that wrote it run, in a later version of Kafka Streams, until it has emitted what it holds ' +
        'back; or start under a new applicationId.',
    )
    this.store = store
    this.topic = topic
  }
}
