import { serdes } from '../../../lib/serde/index.ts'

/** Serdes of string keys and values, as options. */
export const strings = { key: serdes.string(), value: serdes.string() }
