// What kafkajs and the socket report, as Millrace's errors.
import type { StreamsError } from '../../core/errors.ts'
import { AuthenticationError, ConnectionError } from '../errors.ts'
import type { Api } from '../protocol/apis.ts'
import { MalformedMessageError } from '../protocol/schema.ts'
import { KafkajsMismatchError } from './kafkajs-internals.ts'
import { TokenProviderFailure, TokenRefusal } from './oauth-bearer.ts'
import type { Secrets } from './secrets.ts'
import { describeSocketError, isTlsRefusal } from './socket.ts'
import { tlsAdvice } from './tls-advice.ts'

/** How a connection ended, to be made into an error for each of its requests. */
export interface Failure {
  readonly as: new (message: string, options: ErrorOptions) => StreamsError
  readonly reason: string
  readonly cause?: unknown
}

export function socketFailure(error: Error & { code?: string }, tls: boolean, wasOpen: boolean): Failure {
  const reason = describeSocketError(error)
  if (tls && isTlsRefusal(error)) {
    const advice = tlsAdvice(error.code ?? '')
    return { as: AuthenticationError, reason: `TLS was refused: ${reason}. ${advice}`, cause: error }
  }
  return {
    as: ConnectionError,
    reason: `${wasOpen ? 'the connection broke' : 'cannot connect'}: ${reason}`,
    cause: error,
  }
}

/** `error` is what kafkajs's connect has thrown while the socket was well. */
export function connectFailure(error: unknown, secrets: Secrets): Failure {
  // The message is kept, the object is not: kafkajs's errors hold what they were told, and causes get logged.
  const message = secrets.hide(error instanceof Error ? error.message : String(error))
  if (error instanceof KafkajsMismatchError) return { as: KafkajsMismatchError, reason: message }
  if (error instanceof TokenProviderFailure) {
    return { as: ConnectionError, reason: `cannot connect: oauthBearerProvider has failed: ${message}` }
  }
  if (isIllegalState(error)) {
    const reason = `SASL was refused: ${message}. Check the option \`sasl\`: the broker asks for no credentials there.`
    return { as: AuthenticationError, reason }
  }
  if (isSaslRefusal(error)) {
    return { as: AuthenticationError, reason: `SASL was refused: ${message}. Check the option \`sasl\`.` }
  }
  return { as: ConnectionError, reason: `cannot connect: ${message}` }
}

/** `error` is what kafkajs's send has thrown: our own decoding included, and authentication that had to be repeated. */
export function responseFailure(error: unknown, api: Api<unknown, unknown>, secrets: Secrets): Failure {
  // A session that is renewed within a second of the last time: a new connection is as good.
  if (isIllegalState(error)) return { as: ConnectionError, reason: 'the broker does not renew the SASL session now' }
  if (!(error instanceof MalformedMessageError)) return connectFailure(error, secrets)
  const reason = `the answer to ${api.name} (version ${api.version}) cannot be read: ${error.message}`
  return { as: ConnectionError, reason, cause: error }
}

const SASL_ERROR_TYPES: ReadonlySet<unknown> = new Set(['UNSUPPORTED_SASL_MECHANISM', 'SASL_AUTHENTICATION_FAILED'])

function isIllegalState(error: unknown): boolean {
  return (error as { type?: unknown } | undefined)?.type === 'ILLEGAL_SASL_STATE'
}

function isSaslRefusal(error: unknown): boolean {
  const { name, type } = (error ?? {}) as { name?: unknown; type?: unknown }
  return error instanceof TokenRefusal || name === 'KafkaJSSASLAuthenticationError' || SASL_ERROR_TYPES.has(type)
}
