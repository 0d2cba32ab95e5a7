import type { Logger } from '../../../lib/core/log.ts'

/** A logger that keeps what is said to it: `warn: the message`. */
export class LogLines implements Logger {
  readonly lines: string[] = []

  debug(): void {}

  info(_: object, message: string): void {
    this.lines.push(`info: ${message}`)
  }

  warn(_: object, message: string): void {
    this.lines.push(`warn: ${message}`)
  }

  error(_: object, message: string): void {
    this.lines.push(`error: ${message}`)
  }
}
