/** Anything of pino's shape: an object of fields first, then the message. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Keeps nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
