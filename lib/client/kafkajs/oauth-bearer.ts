// SASL OAUTHBEARER (RFC 7628). kafkajs has the mechanism too, but takes a token that the broker refuses for accepted: the refusal is the content
// of an answer that is otherwise a good one, and kafkajs does not read it. What follows is answered by a broker that expects something else.
import type { KafkaConfig } from 'kafkajs'
import type { SaslOptions } from './options.ts'
import type { Secrets } from './secrets.ts'

type OauthOptions = Extract<SaslOptions, { mechanism: 'oauthbearer' }>
type Mechanism = Extract<KafkaConfig['sasl'], { authenticationProvider: unknown }>

/** The user's provider of tokens has failed: not the broker's refusal, so worth another try. */
export class TokenProviderFailure extends Error {}

/** The broker does not accept the token, or there is none to show it. */
export class TokenRefusal extends Error {}

const SEPARATOR = '\x01'

/** The mechanism as kafkajs takes one from outside. */
export function oauthBearer(options: OauthOptions, secrets: Secrets): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: async () => {
        const { value, extensions = {} } = await takeToken(options, secrets)
        const send = (message: string) => saslAuthenticate<string>({ request: encoded(message), response: text })
        const fields = [`auth=Bearer ${value}`, ...Object.entries(extensions).map(([key, each]) => `${key}=${each}`)]
        const refusal = await send(`n,,${SEPARATOR}${fields.join(SEPARATOR)}${SEPARATOR}${SEPARATOR}`)
        if (!refusal) return
        // The broker ends the exchange once it knows that its refusal has been read, with an error as for any mechanism, or without one.
        await send(SEPARATOR).catch(() => {})
        throw new TokenRefusal(`the broker does not accept the token of oauthBearerProvider: ${refusal}`)
      },
    }),
  }
}

type Token = Awaited<ReturnType<OauthOptions['oauthBearerProvider']>>

async function takeToken({ oauthBearerProvider }: OauthOptions, secrets: Secrets): Promise<Token> {
  let token: Token
  try {
    token = await oauthBearerProvider()
  } catch (error) {
    throw new TokenProviderFailure(error instanceof Error ? error.message : String(error))
  }
  if (typeof token?.value !== 'string' || token.value === '') {
    throw new TokenRefusal('oauthBearerProvider has not given a token: it must resolve with { value: string }')
  }
  secrets.addToken(token.value)
  return token
}

// kafkajs puts the bytes into its request as they are, and hands the answer's out, each behind their length.
const LENGTH_BYTES = 4

function encoded(message: string): { encode: () => Buffer } {
  const bytes = Buffer.from(message)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeInt32BE(bytes.length)
  return { encode: () => Buffer.concat([length, bytes]) }
}

const text = {
  decode: (bytes: Buffer) => bytes.subarray(LENGTH_BYTES),
  parse: (bytes: Buffer) => bytes.toString(),
}
