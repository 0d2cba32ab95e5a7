// Flow: admin → [admin-configs] → Wire.
import type { AdminParts } from './admin.ts'
import { adminRefused } from './admin-errors.ts'
import { onTopic } from './authorization.ts'
import { unknownTopicPatienceMs } from './cluster-metadata.ts'
import { UnknownTopicError } from './errors.ts'
import { errorCodes, errorName, isRetriable } from './protocol/error-codes.ts'
import { Retry, retrying } from './retry.ts'

const TOPIC_RESOURCE = 2
const SET = 0
const DELETE = 1

/** See Admin.describeConfigs. */
export function describeTopicConfigs(
  { wire, metadata, context }: AdminParts,
  topic: string,
): Promise<ReadonlyMap<string, string | null>> {
  const what = `Reading the configuration of topic '${topic}'`
  const startMs = context.clock.monotonicMs()
  return retrying(context, what, async ({ timeoutMs }) => {
    const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null }
    const request = { resources: [resource], includeSynonyms: false }
    const response = await wire.send('any', 'describeConfigs', request, { timeoutMs })
    const { errorCode, errorMessage, configs } = response.results[0]!
    if (errorCode === errorCodes.NONE) return new Map(configs.map(({ name, value }) => [name, value]))
    if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) {
      const unknown = new UnknownTopicError(topic, metadata.brokers)
      if (context.clock.monotonicMs() - startMs >= unknownTopicPatienceMs(context)) throw unknown
      return new Retry(unknown)
    }
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    throw adminRefused(what, errorCode, errorMessage, [onTopic(topic, 'DESCRIBE_CONFIGS')])
  })
}

/** See Admin.alterConfigs. The brokers follow within moments. */
export async function alterTopicConfigs(
  { wire, metadata, context }: AdminParts,
  topic: string,
  configs: Readonly<Record<string, string | null>>,
): Promise<void> {
  const entries = Object.entries(configs)
  if (entries.length === 0) return
  const what = `Changing the configuration of topic '${topic}'`
  await retrying(context, what, async ({ timeoutMs }) => {
    const resource = {
      resourceType: TOPIC_RESOURCE,
      resourceName: topic,
      configs: entries.map(([name, value]) => ({ name, value, configOperation: value === null ? DELETE : SET })),
    }
    const request = { resources: [resource], validateOnly: false }
    const response = await wire.send(await metadata.controller(), 'incrementalAlterConfigs', request, { timeoutMs })
    const { errorCode, errorMessage } = response.responses[0]!
    if (errorCode === errorCodes.NONE) return undefined
    if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) throw new UnknownTopicError(topic, metadata.brokers)
    if (isRetriable(errorCode)) return new Retry(new Error(errorName(errorCode)))
    throw adminRefused(what, errorCode, errorMessage, [onTopic(topic, 'ALTER_CONFIGS')])
  })
}
