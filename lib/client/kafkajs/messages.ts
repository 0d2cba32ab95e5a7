import { InvariantError } from '../../core/errors.ts'
import { type Api, type ApiName, apis, type RequestOf } from '../protocol/apis.ts'
import { Reader, skipTaggedFields, Writer } from '../protocol/schema.ts'

// kafkajs writes request headers of version 1 and takes response headers of version 0. The headers of flexible versions
// end in tagged fields besides: none in requests (a zero), and whatever a broker sends in responses. They come directly before
// the body, so here they are treated as its beginning.

/**
 * The bytes of a request behind the header that kafkajs writes.
 *
 * @throws InvariantError `STREAMS_INVARIANT`: a value does not fit its field.
 */
export function encodeRequest<A extends ApiName>(name: A, request: RequestOf<A>): Buffer {
  const api = apis[name] as Api<any, unknown>
  const writer = new Writer(api.flexible)
  if (api.flexible) writer.uvarint(0)
  try {
    api.request.write(writer, request)
  } catch (error) {
    throw new InvariantError(`${api.name} cannot be encoded: ${(error as Error).message}`, { cause: error })
  }
  return writer.done()
}

/**
 * Reads a response behind its correlation id. Record batches stay bytes of the message.
 *
 * @throws MalformedMessageError: the bytes are no such response.
 */
export function decodeResponse(api: Api<unknown, unknown>, payload: Buffer): unknown {
  const reader = new Reader(payload, api.flexible)
  if (api.flexible && api.plainResponseHeader !== true) skipTaggedFields(reader)
  return api.response.read(reader)
}
