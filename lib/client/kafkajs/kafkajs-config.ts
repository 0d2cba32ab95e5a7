import type { Socket } from 'node:net'
import kafkajs, { type KafkaConfig } from 'kafkajs'
import type { ClientContext } from '../client.ts'
import { kafkajsLog } from './kafkajs-log.ts'
import type { Address, KafkaOptions, SaslOptions } from './options.ts'
import type { Secrets } from './secrets.ts'

/** The user's provider of SASL tokens has failed: not the broker's refusal, so worth another try. */
export class TokenProviderFailure extends Error {}

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
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl } as NonNullable<KafkaConfig['sasl']>
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => {
      try {
        const token = await sasl.oauthBearerProvider()
        if (typeof token?.value === 'string') secrets.addToken(token.value)
        return { ...token }
      } catch (error) {
        throw new TokenProviderFailure(error instanceof Error ? error.message : String(error))
      }
    },
  }
}
