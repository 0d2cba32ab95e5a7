import type { Client, Producer } from '../../lib/client/client.ts'
import { NO_HEADERS, partitionKey } from '../../lib/core/record.ts'
import { Reader, values } from '../../tests/contracts/client/fetch-reader.ts'
import { until } from './cluster.ts'

const READ_MS = 60_000

/** A producer of one partition, whose values are numbered: `name-0`, `name-1`, … */
export class Numbered {
  readonly producer: Producer
  readonly name: string
  /** All values so far, in order. */
  readonly sent: string[] = []
  readonly #topic: string
  readonly #partition: number

  constructor(producer: Producer, topic: string, partition: number, name: string) {
    this.producer = producer
    this.name = name
    this.#topic = topic
    this.#partition = partition
  }

  send(count: number): void {
    for (let i = 0; i < count; i++) {
      const value = `${this.name}-${this.sent.length}`
      this.sent.push(value)
      this.producer.send(this.#topic, this.#partition, null, Buffer.from(value), 0, NO_HEADERS)
    }
  }

  /** Those of the values that are this producer's, in their order. */
  of(all: readonly (string | null)[]): (string | null)[] {
    return all.filter((value) => value?.startsWith(`${this.name}-`))
  }
}

/** What a reader of committed records finds in a partition, once no transaction is open in it. */
export async function storedValues(client: Client, topic: string, partition: number): Promise<(string | null)[]> {
  const where = [{ topic, partition }]
  const key = partitionKey(topic, partition)
  let end = 0
  await until(`no transaction is open in ${topic}-${partition}`, async () => {
    const [log, stable] = await Promise.all([
      client.admin.offsets(where, 'latest', 'read_uncommitted'),
      client.admin.offsets(where, 'latest', 'read_committed'),
    ])
    end = stable.get(key)!
    return end === log.get(key)
  })
  const reader = new Reader(client)
  try {
    return values(await reader.to(reader.add(topic, partition), end, READ_MS))
  } finally {
    await reader.fetcher.close()
  }
}
