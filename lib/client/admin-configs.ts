// Flow: admin → [admin-configs] → Wire.
import { InvalidArgumentError } from '../core/errors.ts'
import type { AdminParts } from './admin.ts'
import { adminRefused } from './admin-errors.ts'
import { incomplete } from './admin-requests.ts'
import { type AclOperation, onCluster, onTopic } from './authorization.ts'
import type { ConfigChange, ConfigResource } from './client.ts'
import { unknownTopicPatienceMs } from './cluster-metadata.ts'
import { BrokerResponseError, UnknownTopicError } from './errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { type Attempt, Retry, retrying } from './retry.ts'
import type { NodeTarget } from './wire.ts'

const TOPIC_RESOURCE = 2
const BROKER_RESOURCE = 4
/** Stands, instead of a node id, for all brokers. */
const ALL_BROKERS = ''
// Where a value comes from, if it was set on this very resource.
const SET_ON_TOPIC = 1
const SET_ON_BROKER = 2
const SET_ON_ALL_BROKERS = 3
// Operations.
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

/** A resource in the words of the protocol, and of messages. */
interface Resource {
  readonly resourceType: number
  readonly resourceName: string
  readonly name: string
  readonly ownSource: number
}

/** See Admin.describeConfigs. */
export function describeConfigs(
  parts: AdminParts,
  of: ConfigResource,
  onlySet: boolean,
): Promise<ReadonlyMap<string, string | null>> {
  const { resourceType, resourceName, name, ownSource } = resource(of)
  const what = `Reading the configuration of ${name}`
  return whilePatient(parts, what, async (patient, { remainingMs, timeoutMs }) => {
    const node = await nodeFor(parts, of, patient, remainingMs)
    if (node instanceof Retry) return node
    const asked = { resourceType, resourceName, configurationKeys: null }
    const request = { resources: [asked], includeSynonyms: false }
    const response = await parts.wire.send(node, 'describeConfigs', request, { timeoutMs })
    const result = response.results.find((each) => each.resourceName === resourceName)
    if (result === undefined) return incomplete()
    if (result.errorCode !== errorCodes.NONE) return failure(parts, what, of, result, patient, 'DESCRIBE_CONFIGS')
    const configs = onlySet ? result.configs.filter(({ configSource }) => configSource === ownSource) : result.configs
    return new Map(configs.map(({ name, value, isSensitive }) => [name, isSensitive ? null : value]))
  })
}

/** See Admin.alterConfigs. */
export async function alterConfigs(
  parts: AdminParts,
  of: ConfigResource,
  configs: Readonly<Record<string, ConfigChange>>,
): Promise<void> {
  const changes = Object.entries(configs).map(([name, change]) => ({ name, ...operation(change) }))
  if (changes.length === 0) return
  const { resourceType, resourceName, name } = resource(of)
  const what = `Changing the configuration of ${name}`
  // A broker may be given secrets, which no message may hold.
  const named = changes.map(({ name, value }) => (resourceType === TOPIC_RESOURCE ? `${name}: ${value}` : name))
  await whilePatient(parts, what, async (patient, { remainingMs, timeoutMs }) => {
    const node =
      typeof of === 'string'
        ? await parts.metadata.controller(remainingMs)
        : await nodeFor(parts, of, patient, remainingMs)
    if (node instanceof Retry) return node
    const request = { resources: [{ resourceType, resourceName, configs: changes }], validateOnly: false }
    const response = await parts.wire.send(node, 'incrementalAlterConfigs', request, { timeoutMs })
    const result = response.responses.find((each) => each.resourceName === resourceName)
    if (result === undefined) return incomplete()
    if (result.errorCode === errorCodes.NONE) return undefined
    return failure(parts, `${what} (${named.join(', ')})`, of, result, patient, 'ALTER_CONFIGS')
  })
}

function resource(of: ConfigResource): Resource {
  if (typeof of === 'string') {
    return { resourceType: TOPIC_RESOURCE, resourceName: of, name: `topic '${of}'`, ownSource: SET_ON_TOPIC }
  }
  if (of.broker === 'all') {
    const ownSource = SET_ON_ALL_BROKERS
    return { resourceType: BROKER_RESOURCE, resourceName: ALL_BROKERS, name: 'all brokers', ownSource }
  }
  const [resourceName, name] = [String(of.broker), `broker ${of.broker}`]
  return { resourceType: BROKER_RESOURCE, resourceName, name, ownSource: SET_ON_BROKER }
}

function operation(change: ConfigChange): { readonly configOperation: number; readonly value: string | null } {
  if (change === null) return { configOperation: DELETE, value: null }
  if (typeof change === 'string') return { configOperation: SET, value: change }
  return 'append' in change
    ? { configOperation: APPEND, value: listed(change.append) }
    : { configOperation: SUBTRACT, value: listed(change.subtract) }
}

// No items would add an empty one.
function listed(items: readonly string[]): string {
  if (items.length === 0) throw new InvalidArgumentError('alterConfigs', 'append and subtract need at least one item.')
  return items.join(',')
}

/** Tells the attempt whether something that is not there may still be on its way to the brokers. */
function whilePatient<T>(
  { context }: AdminParts,
  what: string,
  attempt: (patient: boolean, signal: Attempt) => Promise<T | Retry>,
): Promise<T> {
  const startMs = context.clock.monotonicMs()
  return retrying<T>(context, what, (signal) => {
    return attempt(context.clock.monotonicMs() - startMs < unknownTopicPatienceMs(context), signal)
  })
}

// A broker answers for itself alone.
async function nodeFor(
  { metadata }: AdminParts,
  of: ConfigResource,
  patient: boolean,
  remainingMs: number,
): Promise<NodeTarget | Retry> {
  if (typeof of === 'string' || of.broker === 'all') return 'any'
  const { nodes } = await metadata.cluster(remainingMs)
  if (nodes.some(({ nodeId }) => nodeId === of.broker)) return of.broker
  const code = errorCodes.BROKER_ID_NOT_REGISTERED
  const present = nodes.map(({ nodeId }) => nodeId).join(', ')
  const error = new BrokerResponseError(
    errorName(code),
    code,
    `Broker ${of.broker} is not there: the brokers that are up are ${present} (${errorName(code)}).`,
  )
  if (!patient) throw error
  return new Retry(error)
}

function failure(
  { metadata }: AdminParts,
  what: string,
  of: ConfigResource,
  { errorCode, errorMessage }: { readonly errorCode: number; readonly errorMessage: string | null },
  patient: boolean,
  needs: AclOperation,
): Retry {
  if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION && typeof of === 'string') {
    const unknown = new UnknownTopicError(of, metadata.brokers)
    if (!patient) throw unknown
    return new Retry(unknown)
  }
  if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
  throw adminRefused(what, errorCode, errorMessage, [typeof of === 'string' ? onTopic(of, needs) : onCluster(needs)])
}
