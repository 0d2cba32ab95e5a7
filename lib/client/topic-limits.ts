import type { ClientContext } from './client.ts'
import type { Wire } from './wire.ts'

const TOPIC_RESOURCE = 2

/** A setting of the topic that is a number, or undefined if the broker will not tell: it is wanted for a message only. */
export async function topicLimit(
  wire: Wire,
  context: ClientContext,
  topic: string,
  name: string,
): Promise<number | undefined> {
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: [name] }
  try {
    const response = await wire.send('any', 'describeConfigs', { resources: [resource], includeSynonyms: false })
    const config = response.results[0]?.configs.find((each) => each.name === name)
    return config?.value == null ? undefined : Number(config.value)
  } catch (err) {
    context.logger.debug({ err, topic }, 'The limit of a topic could not be read')
    return undefined
  }
}
