import { type Headers, NO_HEADERS } from '../lib/core/record.ts'
import type { RecordContext } from './store.ts'
import type { LogHeaders } from './store-options.ts'

/** The headers of a changelog record. */
export function headersToLog(
  logHeaders: LogHeaders,
  isTombstone: boolean,
  record: Pick<RecordContext, 'headers'> | undefined,
): Headers {
  const logged = logHeaders === true || (logHeaders === 'tombstones' && isTombstone)
  return logged && record !== undefined ? record.headers : NO_HEADERS
}
