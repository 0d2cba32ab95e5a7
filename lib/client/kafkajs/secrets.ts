import type { SaslOptions } from './options.ts'

/** Tokens change; more than the last few are not in use. */
const MAX_TOKENS = 4

/** Knows what must not be seen, and takes it out of messages that others have written (kafkajs, the broker). */
export class Secrets {
  readonly #fixed: readonly string[]
  #tokens: readonly string[] = []

  constructor(sasl: SaslOptions | undefined) {
    if (sasl === undefined) this.#fixed = []
    else if (sasl.mechanism === 'aws') this.#fixed = [sasl.secretAccessKey, sasl.sessionToken ?? '']
    else this.#fixed = [sasl.mechanism === 'oauthbearer' ? '' : sasl.password]
  }

  addToken(token: string): void {
    this.#tokens = [token, ...this.#tokens].slice(0, MAX_TOKENS)
  }

  hide(text: string): string {
    let hidden = text
    for (const secret of [...this.#fixed, ...this.#tokens]) if (secret !== '') hidden = hidden.replaceAll(secret, '***')
    return hidden
  }
}
