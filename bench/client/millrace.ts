// node bench/client/millrace.ts …: Millrace's client in one round of bench/client.ts; options in options.ts.
import type { FetchedPartition, GroupMetadata, Producer } from '../../lib/client/client.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { NO_HEADERS } from '../../lib/core/record.ts'
import { connect } from '../connect.ts'
import { measure } from './measure.ts'
import { readOptions } from './options.ts'
import type { Payload } from './payload.ts'

/** As the runtime bounds it: a producer that is further behind makes its sender wait. */
const MAX_PENDING_BYTES = 32 << 20
/** As a stream loop does, the event loop turns after so many. */
const RECORDS_PER_TURN = 1_000

const options = readOptions()
const { partitions, fetchFrom, produceTo, transactTo } = options
const client = connect(options.brokers)
const batches = { compression: options.codec, maxBatchBytes: options.batchBytes }
const producer = client.producer(batches)
const transactional = client.producer({ ...batches, transactionalId: options.id })
await Promise.all([producer.init(), transactional.init()])
const group: GroupMetadata = { groupId: options.id, memberId: '', generation: -1, instanceId: null }

function send(to: Producer, topic: string, { key, value }: Payload, n: number): void {
  to.send(topic, n % partitions, key, value, systemClock.now(), NO_HEADERS)
}

async function fetchWhole(started: () => void, each: (value: Buffer) => void): Promise<void> {
  let wake = () => {}
  const fetcher = client.fetcher({ isolation: 'read_committed', purpose: 'fetch', onReady: () => wake() })
  let missing = options.records
  const readers: FetchedPartition[] = []
  started()
  for (let partition = 0; partition < partitions; partition++)
    readers.push(fetcher.add({ topic: fetchFrom, partition }, 0))
  while (missing > 0) {
    const before = missing
    for (const reader of readers) {
      for (let left = RECORDS_PER_TURN; left > 0; left--) {
        const record = reader.next()
        if (record === undefined) break
        each(record.value!)
        missing--
      }
    }
    if (missing < before) await systemClock.yield()
    else {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  await fetcher.close()
}

const result = await measure(
  {
    async produce(pool, from, to) {
      for (let n = from; n < to; ) {
        for (const end = Math.min(n + RECORDS_PER_TURN, to); n < end; n++)
          send(producer, produceTo, pool[n % pool.length]!, n)
        await systemClock.yield()
        if (producer.pendingBytes > MAX_PENDING_BYTES) await producer.drained(MAX_PENDING_BYTES / 2)
      }
      await producer.flush()
    },
    fetch: fetchWhole,
    async transact(pool, from, to) {
      for (let n = from; n < to; n++) send(transactional, transactTo, pool[n % pool.length]!, n)
      await transactional.commit([{ topic: fetchFrom, partition: 0, offset: to, metadata: '' }], group)
    },
    close: () => client.close(),
  },
  options,
)
console.log(JSON.stringify(result))
