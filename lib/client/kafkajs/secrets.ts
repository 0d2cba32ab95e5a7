import type { SaslOptions } from './options.ts'

/** Tokens change, and each connection may have its own; older ones are not in use. */
const MAX_TOKENS = 64

/** Knows what must not be seen, and takes it out of messages that others have written (kafkajs, the broker). */
export class Secrets {
  readonly #fixed: readonly string[]
  #tokens: readonly string[] = []

  constructor(sasl: SaslOptions | undefined) {
    this.#fixed = sasl === undefined ? [] : secretsOf(sasl).flatMap(spellings)
  }

  addToken(token: string): void {
    if (this.#tokens.includes(token)) return
    this.#tokens = [...spellings(token), ...this.#tokens].slice(0, MAX_TOKENS * SPELLINGS)
  }

  hide(text: string): string {
    let hidden = text
    for (const secret of [...this.#fixed, ...this.#tokens]) hidden = hidden.replaceAll(secret, '***')
    return hidden
  }
}

function secretsOf(sasl: SaslOptions): readonly string[] {
  if ('password' in sasl) return [sasl.password, `\0${sasl.username}\0${sasl.password}`]
  return 'secretAccessKey' in sasl ? [sasl.secretAccessKey, sasl.sessionToken ?? ''].filter((each) => each !== '') : []
}

const SPELLINGS = 3

// As it is, and as it stands in headers, dumps and addresses.
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [secret, bytes.toString('base64'), encodeURIComponent(secret)]
}
