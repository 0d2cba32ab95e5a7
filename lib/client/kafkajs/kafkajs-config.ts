import type { Socket } from 'node:net'
import kafkajs, { type KafkaConfig } from 'kafkajs'
import type { ClientContext } from '../client.ts'
import { kafkajsLog } from './kafkajs-log.ts'
import { oauthBearer } from './oauth-bearer.ts'
import type { Address, KafkaOptions, SaslOptions } from './options.ts'
import type { Secrets } from './secrets.ts'

/** How kafkajs is set up: it brings connections, TLS and SASL; waiting, retrying and logging are ours. */
export function kafkajsConfig(
  options: KafkaOptions,
  context: ClientContext,
  secrets: Secrets,
  connectionTimeoutMs: number,
  openSocketTo: (address: Address, onConnect: () => void) => Socket,
): KafkaConfig {
  return {
    clientId: context.clientId,
    brokers: [...options.brokers],
    ...(options.sasl === undefined ? {} : { sasl: kafkajsSasl(options.sasl, secrets) }),
    // Ours come first; kafkajs's own would leave the socket open.
    connectionTimeout: connectionTimeoutMs * 2,
    authenticationTimeout: connectionTimeoutMs * 2,
    enforceRequestTimeout: false,
    retry: { retries: 0 },
    socketFactory: ({ host, port, onConnect }) => openSocketTo({ host, port }, onConnect),
    logLevel: kafkajs.logLevel.INFO,
    logCreator: kafkajsLog(context.logger, secrets),
  }
}

// A copy, because kafkajs writes to the object.
function kafkajsSasl(sasl: SaslOptions, secrets: Secrets): NonNullable<KafkaConfig['sasl']> {
  if (isOauth(sasl)) return oauthBearer(sasl, secrets)
  return { ...sasl } as NonNullable<KafkaConfig['sasl']>
}

// kafkajs does not mind the case.
function isOauth(sasl: SaslOptions): sasl is Extract<SaslOptions, { mechanism: 'oauthbearer' }> {
  return sasl.mechanism.toLowerCase() === 'oauthbearer'
}
