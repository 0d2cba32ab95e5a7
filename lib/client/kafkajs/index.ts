// The default client: connections by kafkajs, everything above them by Millrace. Only this folder imports kafkajs.
import type { ClientContext, ClientSupplier } from '../client.ts'
import type { WireFactory } from '../wire.ts'
import { wireClient } from '../wire-client.ts'
import { KafkajsWire } from './kafkajs-wire.ts'
import { Nodes } from './nodes.ts'
import { type KafkaOptions, validateKafkaOptions } from './options.ts'
import { Secrets } from './secrets.ts'

export type { KafkaOptions, SaslOptions } from './options.ts'

/**
 * The client for a Kafka cluster. Nothing is connected before it is needed.
 *
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: an option is missing or not allowed.
 * @example
 * const streams = new KafkaStreams(topology, {
 *   applicationId: 'delays',
 *   client: kafkaCluster({ brokers: ['localhost:9092'] }),
 * })
 */
export function kafkaCluster(options: KafkaOptions): ClientSupplier {
  validateKafkaOptions(options)
  return { connect: (context) => wireClient(kafkaWires(options, context), context) }
}

/**
 * Opens wires to a Kafka cluster; see Wire. Each has connections of its own, all know the same nodes.
 *
 * @throws InvalidConfigError `STREAMS_INVALID_CONFIG`: an option is missing or not allowed.
 */
export function kafkaWires(options: KafkaOptions, context: ClientContext): WireFactory {
  validateKafkaOptions(options)
  const shared = { nodes: new Nodes(), secrets: new Secrets(options.sasl) }
  return { open: () => new KafkajsWire(options, context, shared) }
}
