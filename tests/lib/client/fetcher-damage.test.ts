// Fetch responses that no broker should send. Whatever they hold, a partition's reader gets each record once and in order, or an error that names
// the place; and it is never asked for the same again and again without anybody noticing.
import { describe, expect, it, jest } from '@jest/globals'
import type { FetchedPartition } from '../../../lib/client/client.ts'
import type { PartitionResponse } from '../../../lib/client/fetched-partition.ts'
import { WireFetcher } from '../../../lib/client/fetcher.ts'
import type { ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { LogLines } from './log-lines.ts'
import { LogBytes } from './protocol/log-bytes.ts'
import { ScriptedWire, type SentRequest } from './scripted-wire.ts'

type PartitionAnswer = Partial<PartitionResponse> & { readonly partitionIndex: number }

class Bench {
  readonly clock = new VirtualClock()
  readonly wire = new ScriptedWire()
  readonly onReady = jest.fn()
  readonly #fetcher: WireFetcher

  constructor() {
    const context = { clientId: 'test', clock: this.clock, logger: new LogLines(), requestTimeoutMs: 30_000 }
    const metadata = {
      leader: async () => 1,
      cachedLeader: () => 1,
      cachedEpoch: () => -1,
      confirms: async () => true,
      invalidate: () => {},
    }
    this.#fetcher = new WireFetcher(
      { wire: this.wire, metadata, context },
      { isolation: 'read_committed', purpose: 'fetch', onReady: this.onReady },
    )
  }

  add(partition: number, offset: number): FetchedPartition {
    return this.#fetcher.add({ topic: 't', partition }, offset)
  }

  async answer(...partitions: PartitionAnswer[]): Promise<void> {
    const response: ResponseOf<'fetch'> = {
      throttleTimeMs: 0,
      errorCode: 0,
      sessionId: 0,
      topics: [{ name: 't', partitions: partitions.map((partition) => ({ ...NOTHING, ...partition })) }],
    }
    this.wire.take('fetch').answer(response)
    await this.clock.advance(0)
  }

  get asked(): string[] {
    const fetch = this.wire.sent[0] as SentRequest<'fetch'> | undefined
    return (fetch?.request.topics ?? []).flatMap(({ partitions }) =>
      partitions.map(({ partition, fetchOffset }) => `${partition}@${fetchOffset}`),
    )
  }
}

const NOTHING = {
  errorCode: 0,
  highWatermark: 0,
  lastStableOffset: 0,
  logStartOffset: 0,
  abortedTransactions: null,
  preferredReadReplica: -1,
  records: null,
}

function plain(from: number, count: number): Buffer {
  return new LogBytes(from).plain(count).bytes
}

function taken(partition: FetchedPartition): (number | string)[] {
  const found: (number | string)[] = []
  try {
    for (let record = partition.next(); record !== undefined; record = partition.next()) found.push(record.offset)
  } catch (error) {
    found.push((error as Error).message.replace(/\. If fetching.*/, ''))
  }
  return found
}

describe('a response', () => {
  const first = plain(5, 3)
  it.each([
    {
      what: 'the beginning of a batch alone',
      records: first.subarray(0, -1),
      error: `${first.length - 1} bytes without one complete batch`,
    },
    {
      what: 'a batch whose length is too large',
      records: withLength(first, first.length),
      error: `${first.length} bytes without one complete batch`,
    },
    {
      what: 'only what lies before the offset',
      records: plain(0, 5),
      error: `${plain(0, 5).length} bytes without one complete batch that reaches this offset`,
    },
  ])('with $what is damage; it is not asked for again', async ({ records, error }) => {
    const bench = new Bench()
    const partition = bench.add(0, 5)
    await bench.answer({ partitionIndex: 0, records })

    expect(bench.onReady).toHaveBeenCalledTimes(1)
    expect(taken(partition)).toEqual([expect.stringContaining(`Cannot read t-0 at offset 5: ${error}`)])
    expect(partition.position).toBe(5)
    expect(bench.asked).toEqual([])
  })

  it('whose offsets go back gives what is good, then the error; nothing comes twice', async () => {
    const bench = new Bench()
    const partition = bench.add(0, 0)
    await bench.answer({ partitionIndex: 0, records: Buffer.concat([plain(0, 10), plain(3, 4)]) })

    expect(taken(partition)).toEqual([
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      'Cannot read t-0 at offset 10: a batch from offset 3 behind one up to 9',
    ])
    // Asking for the position neither throws nor forgets the damage.
    expect(partition.position).toBe(10)
    expect(taken(partition)).toEqual([expect.stringContaining('at offset 10')])
    expect(bench.asked).toEqual([])
  })

  it('with an offset that no number holds fails its partition, not the others of the node', async () => {
    const bench = new Bench()
    const damaged = bench.add(0, 0)
    const other = bench.add(1, 0)
    const records = plain(0, 2)
    records.writeBigInt64BE(2n ** 63n - 2n, 0)
    await bench.answer({ partitionIndex: 0 }) // the first request went out before the second partition was there
    await bench.answer({ partitionIndex: 0, records }, { partitionIndex: 1, records: plain(0, 1) })

    expect(taken(damaged)).toEqual([expect.stringContaining('Cannot read t-0 at offset 0: a batch with base offset')])
    expect(taken(other)).toEqual([0])
    expect(bench.asked).toEqual(['1@1'])
  })

  it('that answers a partition twice counts once', async () => {
    const bench = new Bench()
    const partition = bench.add(0, 0)
    await bench.answer({ partitionIndex: 0, records: plain(0, 3) }, { partitionIndex: 0, records: plain(0, 3) })

    expect(taken(partition)).toEqual([0, 1, 2])
    expect(bench.asked).toEqual(['0@3'])
  })

  it('for partitions that nobody asked for is ignored', async () => {
    const bench = new Bench()
    const partition = bench.add(0, 0)
    await bench.answer({ partitionIndex: 7, records: plain(0, 3) }, { partitionIndex: -1, errorCode: 1 })

    expect(taken(partition)).toEqual([])
    expect(bench.asked).toEqual(['0@0'])
  })
})

function withLength(batch: Buffer, lengthField: number): Buffer {
  const changed = Buffer.from(batch)
  changed.writeInt32BE(lengthField, 8)
  return changed
}
