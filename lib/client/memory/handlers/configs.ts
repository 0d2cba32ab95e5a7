import type { RequestOf, ResponseOf } from '../../protocol/apis.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { answer, type BrokerState, type Handler } from '../broker-state.ts'
import {
  defaultTopicConfig,
  isListConfig,
  problemWithTopicConfigs,
  splitList,
  topicConfigNames,
} from '../topic-configs.ts'
import type { Topic } from '../topics.ts'

type DescribeResource = RequestOf<'describeConfigs'>['resources'][number]
type Described = ResponseOf<'describeConfigs'>['results'][number]
type AlterResource = RequestOf<'incrementalAlterConfigs'>['resources'][number]
type Change = AlterResource['configs'][number]

const TOPIC_RESOURCE = 2
// Where a value comes from.
const SET_ON_TOPIC = 1
const DEFAULT_CONFIG = 5
// Operations of IncrementalAlterConfigs.
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

/** Describes topics' configurations, defaults included. Other resources have none here. */
export function describeConfigs(state: BrokerState): Handler<'describeConfigs'> {
  return answer(({ resources, includeSynonyms }) => ({
    throttleTimeMs: 0,
    results: resources.map((resource) => {
      const topic = topicOf(state, resource)
      return typeof topic === 'number' ? undescribed(resource, topic) : described(resource, topic, includeSynonyms)
    }),
  }))
}

function described(resource: DescribeResource, topic: Topic, includeSynonyms: boolean): Described {
  const { resourceType, resourceName, configurationKeys } = resource
  const wanted = configurationKeys === null || configurationKeys.length === 0 ? topicConfigNames : configurationKeys
  const configs = topicConfigNames
    .filter((name) => wanted.includes(name))
    .map((name) => {
      const value = topic.configs.get(name)
      const synonym = { name, value: value ?? null, source: SET_ON_TOPIC }
      return {
        name,
        value: value ?? defaultTopicConfig(name),
        readOnly: false,
        configSource: value === undefined ? DEFAULT_CONFIG : SET_ON_TOPIC,
        isSensitive: false,
        synonyms: includeSynonyms && value !== undefined ? [synonym] : [],
      }
    })
  return { errorCode: errorCodes.NONE, errorMessage: null, resourceType, resourceName, configs }
}

function undescribed({ resourceType, resourceName }: DescribeResource, errorCode: number): Described {
  return { errorCode, errorMessage: null, resourceType, resourceName, configs: [] }
}

/** Sets, resets, extends or reduces single values; a topic takes all of its changes or none. */
export function incrementalAlterConfigs(state: BrokerState): Handler<'incrementalAlterConfigs'> {
  return answer(({ resources, validateOnly }) => ({
    throttleTimeMs: 0,
    responses: resources.map((resource) => {
      const { resourceType, resourceName } = resource
      const topic = topicOf(state, resource)
      const failed = (errorCode: number, errorMessage: string | null) => ({
        errorCode,
        errorMessage,
        resourceType,
        resourceName,
      })
      if (typeof topic === 'number') return failed(topic, null)
      const configs = altered(topic.configs, resource.configs)
      if ('errorCode' in configs) return failed(configs.errorCode, configs.message)
      const problem = problemWithTopicConfigs(configs)
      if (problem !== undefined) return failed(errorCodes.INVALID_CONFIG, problem)
      if (!validateOnly) topic.configs = configs
      return failed(errorCodes.NONE, null)
    }),
  }))
}

interface BadChange {
  readonly errorCode: number
  readonly message: string
}

function altered(configs: ReadonlyMap<string, string>, changes: readonly Change[]): Map<string, string> | BadChange {
  const result = new Map(configs)
  const seen = new Set<string>()
  for (const { name, configOperation, value } of changes) {
    if (seen.has(name)) return { errorCode: errorCodes.INVALID_REQUEST, message: `Duplicate config key ${name}` }
    seen.add(name)
    if (configOperation === DELETE) result.delete(name)
    else if (value === null) {
      return { errorCode: errorCodes.INVALID_REQUEST, message: `Null value not supported for ${name}` }
    } else if (configOperation === SET) result.set(name, value)
    else if ((configOperation !== APPEND && configOperation !== SUBTRACT) || !isListConfig(name)) {
      return { errorCode: errorCodes.INVALID_CONFIG, message: `Operation ${configOperation} does not apply to ${name}` }
    } else {
      const before = splitList(result.get(name) ?? defaultTopicConfig(name))
      const named = splitList(value)
      const after =
        configOperation === APPEND ? new Set([...before, ...named]) : before.filter((each) => !named.includes(each))
      result.set(name, [...after].join(','))
    }
  }
  return result
}

// The topic, or the error code to answer with.
function topicOf(
  state: BrokerState,
  { resourceType, resourceName }: { readonly resourceType: number; readonly resourceName: string },
): Topic | number {
  if (resourceType !== TOPIC_RESOURCE) return errorCodes.INVALID_REQUEST
  return state.topics.get(resourceName) ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
}
