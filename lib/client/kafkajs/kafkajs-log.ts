import type { logCreator } from 'kafkajs'
import type { Logger } from '../../core/log.ts'
import type { Secrets } from './secrets.ts'

// kafkajs reports as an error what is an ordinary event here (a broker restarts, the next address is tried), and the caller
// learns of it anyway. Requests and responses may come with their whole content, which can hold credentials.
const UNWANTED_FIELDS: ReadonlySet<string> = new Set(['timestamp', 'logger', 'message', 'stack', 'data', 'payload'])

/** Lets kafkajs write to our logger, as debug. */
export function kafkajsLog(logger: Logger, secrets: Secrets): logCreator {
  return () =>
    ({ namespace, label, log }) => {
      const fields = Object.entries(log)
        .filter(([name, value]) => !UNWANTED_FIELDS.has(name) && typeof value !== 'object')
        .map(([name, value]) => [name, typeof value === 'string' ? secrets.hide(value) : value])
      logger.debug(
        { ...Object.fromEntries(fields), kafkajs: namespace, level: label },
        secrets.hide(String(log.message)),
      )
    }
}
