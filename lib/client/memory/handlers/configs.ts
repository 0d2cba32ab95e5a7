import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { ALL_BROKERS, isBrokerListConfig } from '../broker-configs.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import {
  defaultTopicConfig,
  isListConfig,
  problemWithTopicConfigs,
  splitList,
  topicConfigNames,
} from '../topic-configs.ts'

type Described = ResponseOf<'describeConfigs'>['results'][number]
type Entry = Described['configs'][number]
type Change = RequestOf<'incrementalAlterConfigs'>['resources'][number]['configs'][number]
type Resource = { readonly resourceType: number; readonly resourceName: string }
type Failure = readonly [errorCode: number, message: string | null]

const TOPIC_RESOURCE = 2
const BROKER_RESOURCE = 4
// Where a value comes from.
const SET_ON_TOPIC = 1
const DEFAULT_CONFIG = 5
// Operations of IncrementalAlterConfigs.
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

/** A topic, one broker or all brokers, as something that has configurations. */
interface Configured {
  /** The values that were set. */
  readonly values: ReadonlyMap<string, string>
  isList(name: string): boolean
  fallback(name: string): string
  problem(values: ReadonlyMap<string, string>): Failure | undefined
  set(values: ReadonlyMap<string, string>): void
  describe(includeSynonyms: boolean): readonly Entry[]
}

/** Describes configurations, defaults included. */
export function describeConfigs(state: BrokerState): Handler<'describeConfigs'> {
  return answer(({ resources, includeSynonyms }, { node }) => ({
    throttleTimeMs: 0,
    results: resources.map(({ resourceType, resourceName, configurationKeys }) => {
      const found = configured(state, node, { resourceType, resourceName })
      if (isFailure(found)) {
        return { errorCode: found[0], errorMessage: found[1], resourceType, resourceName, configs: [] }
      }
      const wanted = configurationKeys === null || configurationKeys.length === 0 ? undefined : configurationKeys
      const configs = found.describe(includeSynonyms).filter(({ name }) => wanted?.includes(name) ?? true)
      return { errorCode: errorCodes.NONE, errorMessage: null, resourceType, resourceName, configs }
    }),
  }))
}

/** Sets, resets, extends or reduces single values; a resource takes all of its changes or none. */
export function incrementalAlterConfigs(state: BrokerState): Handler<'incrementalAlterConfigs'> {
  return answer(({ resources, validateOnly }, { node }) => ({
    throttleTimeMs: 0,
    responses: resources.map(({ resourceType, resourceName, configs }) => {
      const found = configured(state, node, { resourceType, resourceName })
      const failure = isFailure(found) ? found : alter(found, configs, validateOnly)
      const [errorCode, errorMessage] = failure ?? [errorCodes.NONE, null]
      return { errorCode, errorMessage, resourceType, resourceName }
    }),
  }))
}

function alter(configured: Configured, changes: readonly Change[], validateOnly: boolean): Failure | undefined {
  const values = new Map(configured.values)
  const seen = new Set<string>()
  for (const change of changes) {
    if (seen.has(change.name)) return [errorCodes.INVALID_REQUEST, `Duplicate config key ${change.name}`]
    seen.add(change.name)
    const failure = applyChange(configured, values, change)
    if (failure !== undefined) return failure
  }
  const problem = configured.problem(values)
  if (problem !== undefined) return problem
  if (!validateOnly) configured.set(values)
  return undefined
}

function applyChange(
  { isList, fallback }: Configured,
  values: Map<string, string>,
  { name, configOperation, value }: Change,
): Failure | undefined {
  if (configOperation === DELETE) values.delete(name)
  else if (value === null) return [errorCodes.INVALID_REQUEST, `Null value not supported for ${name}`]
  else if (configOperation === SET) values.set(name, value)
  else if ((configOperation !== APPEND && configOperation !== SUBTRACT) || !isList(name)) {
    const operation = configOperation === APPEND ? 'append' : 'subtract'
    return [errorCodes.INVALID_CONFIG, `Config value ${operation} is not allowed for config key: ${name}`]
  } else {
    const before = splitList(values.get(name) ?? fallback(name))
    const named = splitList(value)
    const after =
      configOperation === APPEND ? new Set([...before, ...named]) : before.filter((each) => !named.includes(each))
    values.set(name, [...after].join(','))
  }
  return undefined
}

function configured(state: BrokerState, node: number, { resourceType, resourceName }: Resource): Configured | Failure {
  if (resourceType === TOPIC_RESOURCE) return ofTopic(state, resourceName)
  if (resourceType === BROKER_RESOURCE) return ofBroker(state, node, resourceName)
  return [errorCodes.INVALID_REQUEST, null]
}

function isFailure(found: Configured | Failure): found is Failure {
  return Array.isArray(found)
}

function ofTopic(state: BrokerState, resourceName: string): Configured | Failure {
  const topic = state.topics.get(resourceName)
  if (topic === undefined) return [errorCodes.UNKNOWN_TOPIC_OR_PARTITION, null]
  return {
    values: topic.configs,
    isList: isListConfig,
    fallback: defaultTopicConfig,
    problem: (values) => {
      const problem = problemWithTopicConfigs(values)
      return problem === undefined ? undefined : [errorCodes.INVALID_CONFIG, problem]
    },
    set: (values) => {
      topic.configs = values
    },
    describe: (includeSynonyms) => topicConfigNames.map((name) => topicEntry(topic.configs, name, includeSynonyms)),
  }
}

function topicEntry(configs: ReadonlyMap<string, string>, name: string, includeSynonyms: boolean): Entry {
  const value = configs.get(name)
  return {
    name,
    value: value ?? defaultTopicConfig(name),
    readOnly: false,
    configSource: value === undefined ? DEFAULT_CONFIG : SET_ON_TOPIC,
    isSensitive: false,
    synonyms: includeSynonyms && value !== undefined ? [{ name, value, source: SET_ON_TOPIC }] : [],
  }
}

// Each broker answers for itself, and any of them for all.
function ofBroker({ brokerConfigs }: BrokerState, node: number, resourceName: string): Configured | Failure {
  if (resourceName !== ALL_BROKERS && resourceName !== String(node)) {
    return [errorCodes.INVALID_REQUEST, `Unexpected broker id, expected ${node}, but received ${resourceName}`]
  }
  return {
    values: brokerConfigs.get(resourceName),
    isList: isBrokerListConfig,
    fallback: (name) => brokerConfigs.fallback(resourceName, name),
    problem: (values) => brokerConfigs.problem(values),
    set: (values) => brokerConfigs.set(resourceName, values),
    describe: () => brokerConfigs.describe(resourceName).map((entry) => ({ ...entry, synonyms: [] })),
  }
}
