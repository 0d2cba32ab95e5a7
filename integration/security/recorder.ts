import { inspect } from 'node:util'
import type { Logger } from '../../lib/core/log.ts'

/** A logger that keeps everything, as text: what is said, and its fields as a careless logger would write them. */
export class Recorder implements Logger {
  readonly lines: string[] = []
  readonly warnings: string[] = []

  debug(fields: object, message: string): void {
    this.lines.push(`${message} ${everythingIn(fields)}`)
  }

  info(fields: object, message: string): void {
    this.debug(fields, message)
  }

  warn(fields: object, message: string): void {
    this.warnings.push(message)
    this.debug(fields, message)
  }

  error(fields: object, message: string): void {
    this.warn(fields, message)
  }
}

/** All that can be got out of a value without knowing it: errors with their causes and stacks, hidden properties, what JSON makes of it. */
export function everythingIn(value: unknown): string {
  const own = value instanceof Error ? Object.getOwnPropertyDescriptors(value) : {}
  return [
    String(value),
    inspect(value, { depth: 12, showHidden: true }),
    inspect(own, { depth: 12 }),
    json(value),
  ].join('\n')
}

function json(value: unknown): string {
  const seen = new Set<unknown>()
  return (
    JSON.stringify(value, (_, each: unknown) => {
      if (typeof each === 'bigint') return String(each)
      if (typeof each !== 'object' || each === null) return each
      if (seen.has(each)) return undefined
      seen.add(each)
      return each
    }) ?? ''
  )
}

/** The ways in which a secret may show: as it is, escaped, and in base64, by itself and behind the user as SASL PLAIN sends it. */
export function spellings(secret: string, user: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const initialResponse = Buffer.from(`\0${user}\0${secret}`)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    initialResponse.toString('base64'),
    [...bytes].join(', '),
  ]
}
