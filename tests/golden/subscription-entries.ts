import { serdes } from '../../lib/serde/index.ts'
import type { SubscriptionStore } from '../../stores/grouped/subscription-store.ts'
import { subscriptionSerde } from '../../topology/foreign-key-formats.ts'
import type { GoldenEntry } from './golden-case.ts'

const S = serdes.string()
const { deserialize } = subscriptionSerde({ key: S, value: S, foreignKey: S })

/** Java's names of the instructions, by number. */
const INSTRUCTIONS = [
  'DELETE_KEY_NO_PROPAGATE',
  'DELETE_KEY_AND_PROPAGATE',
  'PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE',
  'PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE',
]

/** The subscriptions of a foreign-key join between tables of strings, as Java read them: with headers, which its store does not keep. */
export async function subscriptionEntries(store: SubscriptionStore): Promise<readonly GoldenEntry[]> {
  const entries: GoldenEntry[] = []
  for await (const [key, { value: bytes, timestamp }] of store.all()) {
    const { instruction, hash, ...rest } = deserialize('', bytes)
    const value = { ...rest, instruction: INSTRUCTIONS[instruction], hash: hash === null ? null : halvesOf(hash) }
    entries.push({ key: { base64: key.toString('base64') }, value: { value, timestamp, headers: [] } })
  }
  return entries
}

// Java writes the two longs in hexadecimal without leading zeros.
function halvesOf(hash: Buffer): readonly string[] {
  return [0, 8].map((at) => hash.readBigUInt64BE(at).toString(16))
}
