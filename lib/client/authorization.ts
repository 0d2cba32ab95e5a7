// What the brokers' ACLs refuse, as errors that name the permission that is missing.
import { type Recovery, StreamsError } from '../core/errors.ts'
import { errorCodes, errorName } from './protocol/error-codes.ts'

/** What an ACL protects. A cluster has one resource of the last type; its name is `kafka-cluster`. */
export type AclResourceType = 'topic' | 'group' | 'transactional id' | 'cluster'

/** What an ACL allows, by Kafka's names. READ, WRITE, DELETE and ALTER each include DESCRIBE. */
export type AclOperation =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE'

/** One line of an access control list, without the user. */
export interface Permission {
  readonly resourceType: AclResourceType
  readonly resourceName: string
  readonly operation: AclOperation
}

/**
 * The user that this client has authenticated as lacks a permission. Never retried: ACLs do not change by themselves.
 *
 * @example
 * streams.on('error', (error) => {
 *   if (error instanceof AuthorizationError) console.error(error.operation, error.resourceType, error.resourceName) // WRITE topic counts
 * })
 */
export class AuthorizationError extends StreamsError implements Permission {
  readonly code = 'STREAMS_AUTHORIZATION'
  readonly recovery: Recovery = 'fail'
  readonly resourceType: AclResourceType
  readonly resourceName: string
  readonly operation: AclOperation
  /** Kafka's name for the refusal: `TOPIC_AUTHORIZATION_FAILED`. */
  readonly errorName: string

  constructor(what: string, { resourceType, resourceName, operation }: Permission, name: string) {
    const larger = operation === 'DESCRIBE' ? includesDescribe[resourceType] : undefined
    super(
      `${what} failed: not authorized: ${operation} on ${resourceType} '${resourceName}' (${name}). ` +
        `The ACLs of this client's user must allow it${larger === undefined ? '' : `; ${larger} includes it`}.`,
    )
    this.resourceType = resourceType
    this.resourceName = resourceName
    this.operation = operation
    this.errorName = name
  }
}

const includesDescribe: Readonly<Record<AclResourceType, string | undefined>> = {
  topic: 'READ or WRITE',
  group: 'READ',
  'transactional id': 'WRITE',
  cluster: undefined,
}

export const CLUSTER_NAME = 'kafka-cluster'

const refusedType: ReadonlyMap<number, AclResourceType> = new Map<number, AclResourceType>([
  [errorCodes.TOPIC_AUTHORIZATION_FAILED, 'topic'],
  [errorCodes.GROUP_AUTHORIZATION_FAILED, 'group'],
  [errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'transactional id'],
  [errorCodes.CLUSTER_AUTHORIZATION_FAILED, 'cluster'],
])

/**
 * The error, if the code says that a permission is missing, and undefined otherwise.
 *
 * @param what - The operation as the subject of a sentence: `Sending to clicks-0`.
 * @param needs - What the request needs, at most one permission for each type of resource: the code tells which type was refused.
 */
export function unauthorized(what: string, code: number, needs: readonly Permission[]): AuthorizationError | undefined {
  const type = refusedType.get(code)
  const missing = type === undefined ? undefined : needs.find(({ resourceType }) => resourceType === type)
  return missing === undefined ? undefined : new AuthorizationError(what, missing, errorName(code))
}

export function onTopic(topic: string, operation: AclOperation): Permission {
  return { resourceType: 'topic', resourceName: topic, operation }
}

export function onGroup(groupId: string, operation: AclOperation): Permission {
  return { resourceType: 'group', resourceName: groupId, operation }
}

export function onTransactionalId(transactionalId: string, operation: AclOperation): Permission {
  return { resourceType: 'transactional id', resourceName: transactionalId, operation }
}

export function onCluster(operation: AclOperation): Permission {
  return { resourceType: 'cluster', resourceName: CLUSTER_NAME, operation }
}
