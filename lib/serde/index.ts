import { double, float } from './floats.ts'
import { bigint, integer, long, short } from './integers.ts'
import { json } from './json.ts'
import { list } from './list.ts'
import { boolean, bytes } from './plain.ts'
import { string } from './string.ts'
import { uuid } from './uuid.ts'
import { sessionWindowed, timeWindowed } from './windowed.ts'

/**
 * The serdes that Millrace brings. All but `json` write the bytes of Java's `Serdes` (and `WindowedSerdes`) of the same name.
 *
 * They throw SerializationError `STREAMS_SERIALIZATION` for a value of another type or out of range, and DeserializationError
 * `STREAMS_DESERIALIZATION` for bytes that they cannot read.
 *
 * @example
 * builder.stream('page-views', { key: serdes.string(), value: serdes.json<PageView>() })
 */
export const serdes = {
  string,
  long,
  bigint,
  integer,
  short,
  double,
  float,
  boolean,
  bytes,
  uuid,
  json,
  list,
  timeWindowed,
  sessionWindowed,
}
