import { errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { Bench, batchOf, START_MS } from './support.ts'

const LATEST = -1
const EARLIEST = -2

async function bench(configs: Record<string, string> = {}): Promise<Bench> {
  const made = new Bench()
  made.cluster.createTopic('t', { configs })
  await made.produce(
    't',
    batchOf([
      ['k', '0', 100],
      ['k', '1', 300],
      ['k', '2', 200],
    ]),
  )
  await made.produce('t', batchOf([['k', '3', 50]], { codec: 'gzip' }))
  await made.produce(
    't',
    batchOf(
      [
        ['k', '4', 400],
        ['k', '5', 500],
      ],
      { codec: 'zstd' },
    ),
  )
  return made
}

describe('ListOffsets', () => {
  it.each([
    { timestamp: 0, offset: 0, found: 100, why: 'the first record is later' },
    { timestamp: 101, offset: 1, found: 300, why: 'the first at or after it in offset order, not the nearest' },
    { timestamp: 300, offset: 1, found: 300, why: 'exactly' },
    { timestamp: 301, offset: 4, found: 400, why: 'in a later, compressed batch' },
    { timestamp: 500, offset: 5, found: 500, why: 'within a batch' },
    { timestamp: 501, offset: -1, found: -1, why: 'after all records' },
  ])('at time $timestamp finds offset $offset: $why', async ({ timestamp, offset, found }) => {
    const made = await bench()
    expect(await made.listOffset('t', timestamp)).toMatchObject({ errorCode: 0, offset, timestamp: found })
  })

  it('does not find what lies before the log start', async () => {
    const made = await bench()
    made.cluster.deleteRecordsBefore('t', 0, 2)
    expect(await made.listOffset('t', 0)).toMatchObject({ offset: 2, timestamp: 200 })
    expect(await made.listOffset('t', 201)).toMatchObject({ offset: 4 })
    expect(await made.listOffset('t', EARLIEST)).toMatchObject({ offset: 2, timestamp: -1, leaderEpoch: 0 })
  })

  it('by the broker’s time where the topic has it', async () => {
    const made = new Bench()
    made.cluster.createTopic('t', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    await made.produce(
      't',
      batchOf([
        ['k', '0', 1],
        ['k', '1', 2],
      ]),
    )
    expect(await made.listOffset('t', START_MS)).toMatchObject({ offset: 0, timestamp: START_MS })
    expect(await made.listOffset('t', START_MS + 1)).toMatchObject({ offset: -1 })
  })

  it('gives the end as the isolation level shows it', async () => {
    const made = await bench()
    const producer = await made.init('x')
    await made.addPartitions('x', producer, 't')
    await made.produce('t', batchOf([['k', 'v', 900]], { producer, transactional: true }), { transactionalId: 'x' })
    expect(await made.listOffset('t', LATEST, 1)).toMatchObject({ offset: 6 })
    expect(await made.listOffset('t', LATEST, 0)).toMatchObject({ offset: 7 })
    expect(await made.listOffset('t', 900, 1)).toMatchObject({ offset: -1 })
    expect(await made.listOffset('t', 900, 0)).toMatchObject({ offset: 6 })
  })

  it('of an unknown partition, and from a node that does not lead, is refused', async () => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t')
    const ask = async (node: number, name: string): Promise<string> => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: LATEST }]
      const request = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }] }
      const response = await made.wire.send(node, 'listOffsets', request)
      return errorName(response.topics[0]!.partitions[0]!.errorCode)
    }
    expect(await ask(made.leader('t', 0), 't')).toBe('NONE')
    expect(await ask(3 - made.leader('t', 0), 't')).toBe('NOT_LEADER_OR_FOLLOWER')
    expect(await ask(1, 'nowhere')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})
