import { stampLogAppendTime } from '../../../../lib/client/memory/batch-bytes.ts'
import { errorCodes, errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { setBaseOffset, writeBatchHeader } from '../../../../lib/client/protocol/record-batch.ts'
import { Bench, batchOf, type Producer, START_MS } from './support.ts'

const HOUR_MS = 3_600_000

async function bench(configs: Record<string, string> = {}): Promise<Bench> {
  const made = new Bench()
  made.cluster.createTopic('t', { configs })
  return made
}

async function errorOf(made: Bench, batch: Buffer, transactionalId?: string): Promise<string> {
  const options = transactionalId === undefined ? {} : { transactionalId }
  return errorName((await made.produce('t', batch, options)).errorCode)
}

describe('appending', () => {
  it('assigns offsets and keeps key, value, timestamp and headers', async () => {
    const made = await bench()
    const headers = [
      ['trace', Buffer.from([1, 2])],
      ['trace', null],
    ] as const
    expect(
      await made.produce(
        't',
        batchOf([
          ['a', '1', START_MS, headers],
          ['b', null],
        ]),
      ),
    ).toEqual({
      index: 0,
      errorCode: 0,
      baseOffset: 0,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      recordErrors: [],
      errorMessage: null,
    })
    expect(await made.produce('t', batchOf([[null, '3', 5]]))).toMatchObject({ baseOffset: 2 })
    expect(made.cluster.records('t', 0)).toEqual([
      { offset: 0, timestamp: START_MS, key: Buffer.from('a'), value: Buffer.from('1'), headers },
      { offset: 1, timestamp: START_MS, key: Buffer.from('b'), value: null, headers: [] },
      { offset: 2, timestamp: 5, key: null, value: Buffer.from('3'), headers: [] },
    ])
  })

  it.each(['gzip', 'zstd'] as const)('keeps batches compressed with %s as they are', async (codec) => {
    const made = await bench()
    const batch = batchOf([['a', 'x'.repeat(1000)]], { codec })
    await made.produce('t', batch)
    expect(made.cluster.partition('t', 0).batches[0]).toMatchObject({ codec, sizeBytes: batch.length })
    expect(made.texts('t')).toEqual([`0:a=${'x'.repeat(1000)}`])
  })

  it('does not touch the bytes it was handed, which a producer may send again', async () => {
    const made = await bench()
    const batch = batchOf([['a', '1']])
    const before = Buffer.from(batch)
    await made.produce('t', batch)
    await made.produce('t', batch)
    expect(batch).toEqual(before)
    expect(made.texts('t')).toEqual(['0:a=1', '1:a=1'])
  })

  it.each([
    ['no bytes', Buffer.alloc(0), 'INVALID_RECORD'],
    ['two batches', Buffer.concat([batchOf([['a', '1']]), batchOf([['a', '1']])]), 'INVALID_RECORD'],
    ['half a batch', batchOf([['a', '1']]).subarray(0, 65), 'INVALID_RECORD'],
    ['a base offset', change(batchOf([['a', '1']]), (batch) => setBaseOffset(batch, 7)), 'INVALID_RECORD'],
    ['a flipped bit', change(batchOf([['a', '1']]), (batch) => batch.writeUInt8(1, 63)), 'CORRUPT_MESSAGE'],
    ['a control batch', controlBatch(), 'INVALID_RECORD'],
    [
      'a producer without sequence',
      batchOf([['a', '1']], { producer: { producerId: 1, producerEpoch: 0 }, sequence: -1 }),
      'INVALID_RECORD',
    ],
    ['a batch over 1 MiB', batchOf([['a', 'x'.repeat(1_048_588)]]), 'MESSAGE_TOO_LARGE'],
    ['a timestamp over an hour ahead', batchOf([['a', '1', START_MS + HOUR_MS + 1]]), 'INVALID_TIMESTAMP'],
    [
      'a time that only the broker may set',
      change(batchOf([['a', '1']]), (batch) => stampLogAppendTime(batch, START_MS)),
      'INVALID_TIMESTAMP',
    ],
  ])('refuses %s', async (_what, batch, error) => {
    const made = await bench()
    expect(await errorOf(made, batch)).toBe(error)
    expect(made.cluster.partition('t', 0).logEndOffset).toBe(0)
  })

  it.each([
    [{ 'max.message.bytes': '100' }, batchOf([['a', 'x'.repeat(100)]]), 'MESSAGE_TOO_LARGE'],
    [{ 'message.timestamp.after.max.ms': '9223372036854775807' }, batchOf([['a', '1', 2 ** 45]]), 'NONE'],
    [
      { 'message.timestamp.before.max.ms': '1000' },
      batchOf([
        ['a', '1'],
        ['b', '2', START_MS - 1001],
      ]),
      'INVALID_TIMESTAMP',
    ],
    [{ 'message.timestamp.before.max.ms': '1000' }, batchOf([['a', '1', START_MS - 1000]]), 'NONE'],
    [
      { 'cleanup.policy': 'compact' },
      batchOf([
        ['a', '1'],
        [null, '2'],
      ]),
      'INVALID_RECORD',
    ],
    [{ 'cleanup.policy': 'compact,delete' }, batchOf([[null, '2']], { codec: 'zstd' }), 'INVALID_RECORD'],
    [{ 'cleanup.policy': 'compact' }, batchOf([['a', null]], { codec: 'gzip' }), 'NONE'],
  ])('with %j answers as the topic says', async (configs, batch, error) => {
    expect(await errorOf(await bench(configs as Record<string, string>), batch)).toBe(error)
  })

  it('names the records at fault', async () => {
    const made = await bench({ 'cleanup.policy': 'compact' })
    const response = await made.produce(
      't',
      batchOf([
        ['a', '1'],
        [null, '2'],
        ['c', '3'],
        [null, '4'],
      ]),
    )
    expect(response.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 3])
    expect(response.errorMessage).toMatch('INVALID_RECORD')
  })

  it('gives records of a LogAppendTime topic the time of the broker', async () => {
    const made = await bench({ 'message.timestamp.type': 'LogAppendTime' })
    await made.clock.advance(77)
    const response = await made.produce(
      't',
      batchOf([
        ['a', '1', 1],
        ['b', '2', 2],
      ]),
    )
    expect(response.logAppendTimeMs).toBe(START_MS + 77)
    expect(made.cluster.records('t', 0).map(({ timestamp }) => timestamp)).toEqual([START_MS + 77, START_MS + 77])
  })

  it.each([
    ['an unknown topic', 'nowhere', 0, 1, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an unknown partition', 't', 9, 1, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a node that does not lead', 't', 0, 2, 'NOT_LEADER_OR_FOLLOWER'],
  ])('of %s is refused', async (_what, topic, partition, node, error) => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t', { partitions: 2 })
    made.cluster.moveLeader('t', 0, 1)
    expect(errorName((await made.produce(topic, batchOf([['a', '1']]), { partition, node })).errorCode)).toBe(error)
  })

  it('answers each partition by itself', async () => {
    const made = await bench()
    const records = batchOf([['a', '1']])
    const response = await made.wire.send(1, 'produce', {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topics: [
        {
          name: 't',
          partitions: [
            { index: 0, records },
            { index: 1, records },
          ],
        },
        { name: 'u', partitions: [{ index: 0, records: null }] },
      ],
    })
    expect(response.topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
      [errorCodes.NONE, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
      [errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ])
  })
})

describe('an idempotent producer', () => {
  const producer: Producer = { producerId: 7, producerEpoch: 1 }
  const batch = (sequence: number, count = 1, epoch = 1): Buffer =>
    batchOf(new Array(count).fill(['k', `${sequence}`]), { producer: { ...producer, producerEpoch: epoch }, sequence })

  it('is acknowledged again, with the old offset, for each of its last five batches', async () => {
    const made = await bench()
    for (let sequence = 0; sequence < 6; sequence++) await made.produce('t', batch(sequence))
    for (let sequence = 1; sequence < 6; sequence++) {
      expect(await made.produce('t', batch(sequence))).toMatchObject({ errorCode: 0, baseOffset: sequence })
    }
    expect(await errorOf(made, batch(0))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(made.cluster.partition('t', 0).logEndOffset).toBe(6)
  })

  it.each([
    { what: 'the next sequence', next: batch(3), error: 'NONE' },
    { what: 'a gap', next: batch(4), error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
    { what: 'part of a batch sent before', next: batch(1, 1), error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
    { what: 'a new epoch from 0', next: batch(0, 1, 2), error: 'NONE' },
    { what: 'a new epoch from elsewhere', next: batch(3, 1, 2), error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
    { what: 'an old epoch', next: batch(3, 1, 0), error: 'INVALID_PRODUCER_EPOCH' },
  ])('after sequences 0 to 2 sends $what: $error', async ({ next, error }) => {
    const made = await bench()
    await made.produce('t', batch(0, 3))
    expect(await errorOf(made, next)).toBe(error)
  })

  it('may start at any sequence where it is not known', async () => {
    expect(await errorOf(await bench(), batch(5))).toBe('NONE')
  })

  it('goes from the largest sequence to 0', async () => {
    const made = await bench()
    await made.produce('t', batch(2 ** 31 - 2, 2))
    expect(await errorOf(made, batch(0))).toBe('NONE')
  })

  it('wraps within a batch', async () => {
    const made = await bench()
    await made.produce('t', batch(2 ** 31 - 1, 3))
    expect(await errorOf(made, batch(2))).toBe('NONE')
  })

  it('is not known in other partitions', async () => {
    const made = new Bench()
    made.cluster.createTopic('t', { partitions: 2 })
    await made.produce('t', batch(0))
    expect(await made.produce('t', batch(0), { partition: 1 })).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })
})

describe('a transactional batch', () => {
  const transactional = (producer: Producer, sequence = 0): Buffer =>
    batchOf([['k', 'v']], { producer, sequence, transactional: true })

  it('is refused where its partition was not added', async () => {
    const made = await bench()
    made.cluster.createTopic('u')
    const producer = await made.init('x')
    expect(await errorOf(made, transactional(producer), 'x')).toBe('INVALID_TXN_STATE')
    await made.addPartitions('x', producer, 'u')
    expect(await errorOf(made, transactional(producer), 'x')).toBe('INVALID_TXN_STATE')
    await made.addPartitions('x', producer, 't')
    expect(await errorOf(made, transactional(producer), 'x')).toBe('NONE')
    expect(await errorOf(made, transactional(producer, 1), 'x')).toBe('NONE')
  })

  it('is refused after its transaction has ended', async () => {
    const made = await bench()
    const producer = await made.init('x')
    await made.transact('x', producer, 't', 0, [['k', 'v']], true)
    expect(await errorOf(made, transactional(producer, 1), 'x')).toBe('INVALID_TXN_STATE')
  })

  it('that comes while markers are on their way has to be sent again', async () => {
    const made = await bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.endTxn('x', producer, true)
    expect(await errorOf(made, transactional(producer), 'x')).toBe('NOT_ENOUGH_REPLICAS')
    await made.markers()
    await made.addPartitions('x', producer, 't')
    // The refused batch comes first: a later one must not overtake it.
    expect(await errorOf(made, transactional(producer, 1), 'x')).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(await errorOf(made, transactional(producer, 0), 'x')).toBe('NONE')
    expect(await errorOf(made, transactional(producer, 1), 'x')).toBe('NONE')
  })

  it('must not overtake one that was refused before the partition knew the producer', async () => {
    const made = new Bench()
    made.cluster.createTopic('t', { partitions: 2 })
    const producer = await made.init('x')
    const send = async (sequence: number): Promise<string> => {
      const options = { partition: 1, transactionalId: 'x' }
      return errorName((await made.produce('t', transactional(producer, sequence), options)).errorCode)
    }
    await made.addPartitions('x', producer, 't', [0])
    await made.endTxn('x', producer, true)
    expect(await send(0)).toBe('NOT_ENOUGH_REPLICAS')
    await made.markers()
    await made.addPartitions('x', producer, 't', [1])
    expect(await send(1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(await send(0)).toBe('NONE')
    expect(await send(1)).toBe('NONE')
  })

  it('of an epoch that nobody was given is refused, also during a transaction', async () => {
    const made = await bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.produce('t', transactional(producer), { transactionalId: 'x' })
    const later = { ...producer, producerEpoch: producer.producerEpoch + 1 }
    expect(await errorOf(made, transactional(later), 'x')).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('of a fenced producer is refused', async () => {
    const made = await bench()
    const old = await made.init('x')
    await made.init('x')
    expect(await errorOf(made, transactional(old), 'x')).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('needs the transactional id, and a known producer id', async () => {
    const made = await bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    expect(await errorOf(made, transactional(producer))).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    expect(await errorOf(made, transactional({ producerId: 99, producerEpoch: 0 }), 'x')).toBe(
      'INVALID_PRODUCER_ID_MAPPING',
    )
  })

  it('must not be mixed with others of its producer', async () => {
    const made = await bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.produce('t', transactional(producer), { transactionalId: 'x' })
    expect(await errorOf(made, batchOf([['k', 'v']], { producer, sequence: 1 }))).toBe('INVALID_TXN_STATE')
  })
})

function change(batch: Buffer, edit: (batch: Buffer) => void): Buffer {
  edit(batch)
  return batch
}

function controlBatch(): Buffer {
  const batch = batchOf([['k', 'v']])
  writeBatchHeader(batch, {
    codec: 'none',
    transactional: false,
    control: true,
    lastOffsetDelta: 0,
    firstTimestamp: START_MS,
    maxTimestamp: START_MS,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 1,
  })
  return batch
}
