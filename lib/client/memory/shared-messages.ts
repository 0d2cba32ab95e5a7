// What the processes that share a cluster in memory say to each other: the calls of Wire as messages. Record batches travel as Buffers, so the
// pipe must carry them (child_process.fork with `serialization: 'advanced'`).
import type { ChildProcess } from 'node:child_process'
import { InvariantError, StreamsError } from '../../core/errors.ts'
import { ConnectionError, RequestTimeoutError, UnknownNodeError } from '../errors.ts'
import type { ApiName, RequestOf } from '../protocol/apis.ts'
import type { NodeTarget, SendOptions, WirePurpose } from '../wire.ts'
import type { AnyResponse } from './faults.ts'

/** To the process that has the cluster. Wires and calls are numbered by who opens and sends them. */
export type WireRequest =
  | { readonly wire: number; readonly do: 'open'; readonly purpose: WirePurpose; readonly clientId: string }
  | {
      readonly wire: number
      readonly do: 'send'
      readonly call: number
      readonly node: NodeTarget
      readonly api: ApiName
      readonly request: RequestOf<ApiName>
      readonly options: SendOptions
    }
  | { readonly wire: number; readonly do: 'close' }

/** And back. */
export type WireAnswer =
  | { readonly call: number; readonly response: AnyResponse }
  | { readonly call: number; readonly code: string; readonly problem: string }

/** One end of a pipe of messages between two processes. Other messages may travel over the same pipe: ours lie in a field of their own. */
export interface MessagePipe {
  readonly hasEnded: boolean
  /** Does nothing once the pipe has ended. */
  send(message: unknown): void
  /** Until the returned function is called, which in a child may be what lets the process end. */
  listen(onMessage: (message: unknown) => void, onEnd: () => void): () => void
}

/** The pipe to a forked child, or in that child the one to its parent. */
export function processPipe(end: ChildProcess | NodeJS.Process): MessagePipe {
  const child = end as ChildProcess
  return {
    get hasEnded() {
      return !child.connected
    },
    // The other process may die at any time: without a callback that would be an error event of its own.
    send: (message) => void (child.connected && child.send(message as object, undefined, {}, () => {})),
    listen(onMessage, onEnd) {
      child.on('message', onMessage)
      child.on('disconnect', onEnd)
      return () => {
        child.off('message', onMessage)
        child.off('disconnect', onEnd)
      }
    },
  }
}

const FIELD = 'millraceWire'

export const wrapped = (message: WireRequest | WireAnswer): object => ({ [FIELD]: message })

/** Undefined for a message that is not ours. */
export function unwrapped<T extends WireRequest | WireAnswer>(message: unknown): T | undefined {
  return (message as { [FIELD]?: T } | null)?.[FIELD]
}

export function failureOf(call: number, error: unknown): WireAnswer {
  const code = error instanceof StreamsError ? error.code : ''
  return { call, code, problem: error instanceof Error ? error.message : String(error) }
}

/** The error of the other process, as this one's callers expect it. */
export function errorOf(code: string, problem: string): StreamsError {
  switch (code) {
    case 'STREAMS_CONNECTION':
      return new ConnectionError(problem)
    case 'STREAMS_REQUEST_TIMEOUT':
      return new RequestTimeoutError(problem)
    case 'STREAMS_UNKNOWN_NODE':
      return new UnknownNodeError(problem)
    default:
      return new InvariantError(problem)
  }
}
