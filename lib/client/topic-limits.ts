import type { ClientContext } from './client.ts'
import type { NodeTarget, Wire } from './wire.ts'

const TOPIC_RESOURCE = 2
const BROKER_RESOURCE = 4

/** A setting of the topic that is a number, or undefined if the broker will not tell: it is wanted for a message only. */
export function topicLimit(
  wire: Wire,
  context: ClientContext,
  topic: string,
  name: string,
): Promise<number | undefined> {
  return limitOf(wire, context, 'any', TOPIC_RESOURCE, topic, name)
}

/** The same of a broker, for which DESCRIBE_CONFIGS on the cluster is needed. */
export function brokerLimit(
  wire: Wire,
  context: ClientContext,
  node: number,
  name: string,
): Promise<number | undefined> {
  return limitOf(wire, context, node, BROKER_RESOURCE, String(node), name)
}

async function limitOf(
  wire: Wire,
  context: ClientContext,
  target: NodeTarget,
  resourceType: number,
  resourceName: string,
  name: string,
): Promise<number | undefined> {
  const resource = { resourceType, resourceName, configurationKeys: [name] }
  try {
    const response = await wire.send(target, 'describeConfigs', { resources: [resource], includeSynonyms: false })
    const config = response.results[0]?.configs.find((each) => each.name === name)
    return config?.value == null ? undefined : Number(config.value)
  } catch (err) {
    context.logger.debug({ err, resource: resourceName, name }, 'A limit could not be read')
    return undefined
  }
}
