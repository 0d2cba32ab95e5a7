import type { SaslOptions } from './options.ts'

/** Tokens change; more than the last few are not in use. */
const MAX_TOKENS = 4

/** Knows what must not be seen, and takes it out of messages that others have written (kafkajs, the broker). */
export class Secrets {
  readonly #fixed: readonly string[]
  #tokens: readonly string[] = []

  constructor(sasl: SaslOptions | undefined) {
    this.#fixed = sasl === undefined ? [] : secretsOf(sasl).flatMap(spellings)
  }

  addToken(token: string): void {
    this.#tokens = [...spellings(token), ...this.#tokens].slice(0, MAX_TOKENS * SPELLINGS)
  }

  hide(text: string): string {
    let hidden = text
    for (const secret of [...this.#fixed, ...this.#tokens]) hidden = hidden.replaceAll(secret, '***')
    return hidden
  }
}

function secretsOf(sasl: SaslOptions): readonly string[] {
  const { password, secretAccessKey, sessionToken } = sasl as Readonly<Record<string, unknown>>
  const secrets = [password, secretAccessKey, sessionToken]
  return secrets.filter((secret): secret is string => typeof secret === 'string' && secret !== '')
}

const SPELLINGS = 3

// As it is, and as it stands in headers and logs. Base64 depends on what comes before; a SASL message begins with the user, whose length is not known
// here, so only what stands by itself is found.
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [secret, bytes.toString('base64'), encodeURIComponent(secret)]
}
