import type { Client } from '../../../lib/client/client.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'

export type Failure = Error & { readonly code?: string; readonly errorName?: string }

/** What an action that must fail fails with. */
export async function failure(action: () => Promise<unknown>): Promise<Failure> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('this should have failed')
}

/** Writes a record for each timestamp, in this order, with the value `at <timestamp>` and no key. */
export async function fill(client: Client, topic: string, timestamps: readonly number[], partition = 0): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  for (const timestamp of timestamps) {
    producer.send(topic, partition, null, Buffer.from(`at ${timestamp}`), timestamp, NO_HEADERS)
    await producer.flush()
  }
  await producer.close()
}
