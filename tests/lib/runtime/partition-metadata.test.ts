import { decodePartitionMetadata, encodePartitionMetadata } from '../../../lib/runtime/partition-metadata.ts'

describe('the text committed beside an offset', () => {
  it('holds the partition time and the operators’ times, and the count of commits', () => {
    const metadata = {
      partitionTimeMs: 1_700_000_000_123,
      operatorTimesMs: new Map([
        ['Zähler', 42],
        ['KSTREAM-AGGREGATE-0000000001', -1],
      ]),
      commitCount: 7,
    }
    expect(decodePartitionMetadata(encodePartitionMetadata(metadata))).toEqual(metadata)
  })

  // Byte 2, the time, and no map: what Java writes for a task without operator times.
  it('is the text that Java writes', () => {
    expect(encodePartitionMetadata({ partitionTimeMs: 258, operatorTimesMs: new Map(), commitCount: 0 })).toBe(
      'AgAAAAAAAAEC',
    )
    expect(encodePartitionMetadata({ partitionTimeMs: 1, operatorTimesMs: new Map([['a', 2]]), commitCount: 0 })).toBe(
      Buffer.from('020000000000000001' + '00000001' + '00000001' + '61' + '0000000000000002', 'hex').toString('base64'),
    )
  })

  it.each([
    { text: '', why: 'nothing was committed' },
    { text: 'AQ==', why: 'too short' },
    { text: Buffer.from('0900000000000000ff', 'hex').toString('base64'), why: 'a version that is not known' },
  ])('counts as none: $why', ({ text }) => {
    expect(decodePartitionMetadata(text)).toEqual({ partitionTimeMs: -1, operatorTimesMs: new Map(), commitCount: 0 })
  })

  it('reads version 1, which has no map', () => {
    const text = Buffer.from('010000000000000007', 'hex').toString('base64')
    expect(decodePartitionMetadata(text)).toEqual({ partitionTimeMs: 7, operatorTimesMs: new Map(), commitCount: 0 })
  })

  it('keeps the partition time of a text whose map is cut off', () => {
    const text = Buffer.from('020000000000000007' + '00000002' + '00000001' + '61', 'hex').toString('base64')
    expect(decodePartitionMetadata(text)).toEqual({ partitionTimeMs: 7, operatorTimesMs: new Map(), commitCount: 0 })
  })
})
