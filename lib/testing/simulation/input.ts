import type { Client, Producer } from '../../client/client.ts'
import { type Clock, sleep } from '../../core/clock.ts'
import { partitionFor } from '../../core/murmur2.ts'
import { NO_HEADERS } from '../../core/record.ts'
import { serdes } from '../../serde/index.ts'
import type { WorkloadPlan } from './plan.ts'
import type { Random } from './random.ts'

/** Event time begins here, and goes on with the input. */
export const FIRST_EVENT_MS = 1_700_000_000_000

const ABORTED_SHARE = 0.1
const LATE_SHARE = 0.12
const NULL_VALUE_SHARE = 0.03
const NULL_KEY_SHARE = 0.02
const RIGHT_SHARE = 0.35
const MAX_BURST = 12

/** Writes the input while everything else goes wrong: in bursts, some of them in transactions, some of which are aborted. */
export class InputProducer {
  readonly #client: Client
  readonly #clock: Clock
  readonly #random: Random
  readonly #plan: WorkloadPlan
  #sent = 0
  #transactions = 0

  constructor(client: Client, clock: Clock, random: Random, plan: WorkloadPlan) {
    this.#client = client
    this.#clock = clock
    this.#random = random
    this.#plan = plan
  }

  /** Resolves when all of it is in the log. */
  async run(): Promise<void> {
    const { records, inputMs } = this.#plan
    const random = this.#random
    const plain = this.#client.producer({ lingerMs: 0 })
    await plain.init()
    while (this.#sent < records) {
      const burst = Math.min(random.between(1, MAX_BURST), records - this.#sent)
      if (random.chance(ABORTED_SHARE)) await this.#aborted(random.between(1, MAX_BURST))
      for (let i = 0; i < burst; i++) this.#send(plain, `${this.#sent++}`)
      await plain.flush()
      await sleep(this.#clock, random.below((2 * inputMs * burst) / records))
    }
    await this.#client.close()
  }

  async #aborted(records: number): Promise<void> {
    const producer = this.#client.producer({ lingerMs: 0, transactionalId: `input-${this.#transactions++}` })
    await producer.init()
    for (let i = 0; i < records; i++) this.#send(producer, 'aborted')
    await producer.flush()
    await producer.abort()
    await producer.close()
  }

  #send(producer: Producer, id: string): void {
    const random = this.#random
    const { partitions, keys, inputMs, records, windowMs, graceMs, eventPace } = this.#plan
    const isRight = random.chance(RIGHT_SHARE)
    const key = random.chance(NULL_KEY_SHARE) ? null : `k${random.below(keys)}`
    const value = random.chance(NULL_VALUE_SHARE) ? null : `${isRight ? 'R' : 'L'}${id}`
    const lateMs = random.chance(LATE_SHARE) ? random.below(3 * windowMs + graceMs) : 0
    const passedMs = Math.floor((inputMs * this.#sent) / records / 10) * 10 * eventPace
    const timestamp = FIRST_EVENT_MS + passedMs - lateMs
    const text = serdes.string()
    const keyBytes = key === null ? null : text.serialize('', key)
    const valueBytes = value === null ? null : text.serialize('', value)
    const partition = keyBytes === null ? random.below(partitions) : partitionFor(keyBytes, partitions)
    producer.send(isRight ? 'right' : 'left', partition, keyBytes, valueBytes, timestamp, NO_HEADERS)
  }
}
