import type { ClientContext } from './client.ts'
import type { Wire } from './wire.ts'

const TOPIC_RESOURCE = 2

/** The topic's `max.message.bytes`, or undefined if the broker will not tell: it is wanted for a message only. */
export async function maxMessageBytes(wire: Wire, context: ClientContext, topic: string): Promise<number | undefined> {
  const name = 'max.message.bytes'
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
