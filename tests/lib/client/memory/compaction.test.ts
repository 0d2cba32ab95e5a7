import { deleteHorizonMs } from '../../../../lib/client/memory/batch-bytes.ts'
import { Bench, batchOf, type Producer, START_MS } from './support.ts'

const DAY_MS = 86_400_000
const HORIZON_MS = START_MS + DAY_MS

function bench(configs: Record<string, string> = {}): Bench {
  const made = new Bench()
  made.cluster.createTopic('t', { configs: { 'cleanup.policy': 'compact', ...configs } })
  return made
}

/** `baseOffset-lastOffset:recordCount` of each batch, `c` for control batches. */
function shape(made: Bench): string[] {
  return made.cluster
    .partition('t', 0)
    .batches.map(
      ({ baseOffset, lastOffset, recordCount, control }) =>
        `${baseOffset}-${lastOffset}:${recordCount}${control ? 'c' : ''}`,
    )
}

describe('compaction', () => {
  it.each(['none', 'gzip', 'zstd'] as const)(
    'keeps the last record of each key at its offset, codec %s',
    async (codec) => {
      const made = bench()
      await made.produce(
        't',
        batchOf(
          [
            ['a', '0', START_MS + 5],
            ['b', '1', START_MS + 9],
            ['a', '2', START_MS + 1],
          ],
          { codec },
        ),
      )
      await made.produce(
        't',
        batchOf(
          [
            ['c', '3'],
            ['c', '4', START_MS + 7, [['h', Buffer.from('x')]]],
          ],
          { codec },
        ),
      )
      await made.produce(
        't',
        batchOf(
          [
            ['d', '5'],
            ['e', '6'],
          ],
          { codec },
        ),
      )
      made.cluster.compact('t')
      expect(made.texts('t')).toEqual(['1:b=1', '2:a=2', '4:c=4', '5:d=5', '6:e=6'])
      expect(shape(made)).toEqual(['0-2:2', '3-4:1', '5-6:2'])
      const records = made.cluster.records('t', 0)
      expect(records.map(({ timestamp }) => timestamp - START_MS)).toEqual([9, 1, 7, 0, 0])
      expect(records[2]!.headers).toEqual([['h', Buffer.from('x')]])
      expect(
        made.cluster.partition('t', 0).batches.map((batch) => [batch.codec, batch.maxTimestamp - START_MS]),
      ).toEqual([
        [codec, 9],
        [codec, 7],
        [codec, 0],
      ])
      expect(made.cluster.partition('t', 0)).toMatchObject({ logStartOffset: 0, logEndOffset: 7 })
    },
  )

  it('drops batches that lose all their records', async () => {
    const made = bench()
    await made.produce(
      't',
      batchOf([
        ['a', '0'],
        ['b', '1'],
      ]),
    )
    await made.produce(
      't',
      batchOf([
        ['a', '2'],
        ['b', '3'],
      ]),
    )
    made.cluster.compact('t')
    expect(shape(made)).toEqual(['2-3:2'])
    expect((await made.fetch('t', 0)).records!.readBigInt64BE(0)).toBe(2n)
  })

  it('keeps the last batch of the log, and of each producer, without records', async () => {
    const made = bench()
    const [one, two]: Producer[] = [
      { producerId: 1, producerEpoch: 0 },
      { producerId: 2, producerEpoch: 0 },
    ]
    await made.produce('t', batchOf([['a', '0']], { producer: one!, sequence: 0 }))
    await made.produce(
      't',
      batchOf(
        [
          ['a', '1'],
          ['b', '2'],
        ],
        { producer: one!, sequence: 1 },
      ),
    )
    await made.produce(
      't',
      batchOf(
        [
          ['a', '3'],
          ['b', '4'],
        ],
        { producer: two!, sequence: 0 },
      ),
    )
    made.cluster.compact('t')
    expect(shape(made)).toEqual(['1-2:0', '3-4:2'])
    const [emptied] = made.cluster.partition('t', 0).batches
    expect(emptied).toMatchObject({
      sizeBytes: 61,
      producerId: 1,
      baseSequence: 1,
      firstTimestamp: -1,
      maxTimestamp: START_MS,
    })
    // A fetch of the offsets that have gone gives the empty batch first.
    expect((await made.fetch('t', 1, { partitionMaxBytes: 61 })).records).toHaveLength(61)
    // The sequence of the producer is still known, and its last batch recognised.
    expect(
      await made.produce(
        't',
        batchOf(
          [
            ['a', '1'],
            ['b', '2'],
          ],
          { producer: one!, sequence: 1 },
        ),
      ),
    ).toMatchObject({ baseOffset: 1 })
    expect((await made.produce('t', batchOf([['z', '5']], { producer: one!, sequence: 3 }))).errorCode).toBe(0)
    made.cluster.compact('t')
    expect(shape(made)).toEqual(['3-4:2', '5-5:1'])
  })

  it('keeps tombstones until delete.retention.ms after it first met them', async () => {
    const made = bench()
    await made.produce(
      't',
      batchOf([
        ['a', '0'],
        ['b', '1', START_MS - 50],
      ]),
    )
    await made.produce(
      't',
      batchOf([
        ['a', null, START_MS - 20],
        ['c', '3', START_MS - 10],
      ]),
    )
    await made.produce('t', batchOf([['d', '4']]))
    made.cluster.compact('t')
    expect(made.texts('t')).toEqual(['1:b=1', '2:a=null', '3:c=3', '4:d=4'])
    // The horizon takes the place of the first timestamp; the records' own stay.
    expect(made.cluster.partition('t', 0).batches[1]!.firstTimestamp).toBe(HORIZON_MS)
    expect(deleteHorizonMs((await made.fetch('t', 2)).records!)).toBe(HORIZON_MS)
    expect(made.cluster.records('t', 0).map(({ timestamp }) => timestamp - START_MS)).toEqual([-50, -20, -10, 0])
    await made.clock.advance(DAY_MS - 1)
    made.cluster.compact('t')
    expect(made.texts('t')).toHaveLength(4)
    await made.clock.advance(1)
    made.cluster.compact('t')
    expect(made.texts('t')).toEqual(['1:b=1', '3:c=3', '4:d=4'])
    expect(made.cluster.records('t', 0).map(({ timestamp }) => timestamp - START_MS)).toEqual([-50, -10, 0])
  })

  it('keeps the end of the log known when its last records go', async () => {
    const made = bench()
    await made.produce('t', batchOf([['a', '0']]))
    await made.produce('t', batchOf([['a', null]]))
    made.cluster.compact('t')
    await made.clock.advance(DAY_MS)
    made.cluster.compact('t')
    expect(shape(made)).toEqual(['1-1:0'])
    expect(made.texts('t')).toEqual([])
    expect(await made.produce('t', batchOf([['b', '2']]))).toMatchObject({ baseOffset: 2 })
  })

  it('goes up to the first open transaction', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.produce('t', batchOf([['a', '0']]))
    await made.produce('t', batchOf([['a', '1']]))
    await made.addPartitions('x', producer, 't')
    await made.produce('t', batchOf([['a', '2']], { producer, transactional: true }), { transactionalId: 'x' })
    await made.produce('t', batchOf([['a', '3']]))
    made.cluster.compact('t')
    expect(made.texts('t', 'read_uncommitted')).toEqual(['1:a=1', '2:a=2', '3:a=3'])
    await made.endTxn('x', producer, true)
    await made.markers()
    made.cluster.compact('t')
    expect(made.texts('t')).toEqual(['3:a=3'])
  })

  it('drops aborted records, then their marker, and until then names the transaction to readers', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.produce('t', batchOf([['a', '0']]))
    await made.transact('x', producer, 't', 0, [['a', 'aborted']], false)
    await made.transact(
      'x',
      producer,
      't',
      1,
      [
        ['b', 'aborted'],
        ['c', 'aborted'],
      ],
      false,
    )
    await made.transact('x', producer, 't', 3, [['d', '6']], true)
    await made.produce('t', batchOf([['e', '8']]))
    const values = ['0:a=0', '6:d=6', '8:e=8']
    expect(made.texts('t')).toEqual(values)
    made.cluster.compact('t')
    expect(made.texts('t')).toEqual(values)
    expect(shape(made)).toEqual(['0-0:1', '2-2:1c', '5-5:1c', '6-6:1', '7-7:1c', '8-8:1'])
    expect((await made.fetch('t', 0)).abortedTransactions).toHaveLength(2)
    made.cluster.compact('t') // the markers have no records any more: their clock starts
    expect((await made.fetch('t', 0)).abortedTransactions).toEqual([])
    await made.clock.advance(DAY_MS)
    made.cluster.compact('t')
    expect(shape(made)).toEqual(['0-0:1', '6-6:1', '7-7:1c', '8-8:1'])
    expect(made.texts('t')).toEqual(values)
  })

  it('keeps the marker of a commit as long as records of the transaction are there', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.transact('x', producer, 't', 0, [['a', '0']], true)
    await made.init('x') // another epoch: the producer's last batch is not of this transaction any more
    const next = await made.init('x')
    await made.transact('x', next, 't', 0, [['a', '2']], true)
    await made.produce('t', batchOf([['z', '4']]))
    for (let i = 0; i < 3; i++) {
      made.cluster.compact('t')
      await made.clock.advance(DAY_MS)
    }
    expect(shape(made)).toEqual(['2-2:1', '3-3:1c', '4-4:1'])
    expect(made.texts('t')).toEqual(['2:a=2', '4:z=4'])
  })

  it('may leave an aborted transaction’s last batch, without records, and the reader finds its way', async () => {
    const made = bench()
    const producer = await made.init('x')
    await made.produce('t', batchOf([['a', '0']]))
    await made.transact('x', producer, 't', 0, [['a', 'aborted']], false)
    for (let i = 0; i < 4; i++) {
      made.cluster.compact('t')
      await made.clock.advance(DAY_MS)
      expect(made.texts('t')).toEqual(['0:a=0'])
    }
    expect(shape(made)).toEqual(['0-0:1', '1-1:0', '2-2:1c'])
  })

  it('works the same at log append time', async () => {
    const made = bench({ 'message.timestamp.type': 'LogAppendTime' })
    await made.produce(
      't',
      batchOf([
        ['a', '0', 1],
        ['b', '1', 2],
      ]),
    )
    await made.clock.advance(10)
    await made.produce('t', batchOf([['a', '2', 3]]))
    made.cluster.compact('t')
    expect(made.cluster.records('t', 0).map(({ timestamp }) => timestamp)).toEqual([START_MS, START_MS + 10])
  })

  it('leaves ListOffsets by time right', async () => {
    const made = bench()
    await made.produce(
      't',
      batchOf([
        ['a', '0', 900],
        ['b', '1', 100],
      ]),
    )
    await made.produce('t', batchOf([['a', '2', 300]]))
    made.cluster.compact('t')
    expect(await made.listOffset('t', 200)).toMatchObject({ offset: 2, timestamp: 300 })
    expect(await made.listOffset('t', 500)).toMatchObject({ offset: -1 })
  })
})
