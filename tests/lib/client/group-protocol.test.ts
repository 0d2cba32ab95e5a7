import { describe, expect, it } from '@jest/globals'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../lib/client/group-protocol.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('a subscription', () => {
  const subscription = {
    topics: ['a', 'bc'],
    userData: Buffer.from('data'),
    ownedPartitions: [
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 3 },
      { topic: 'bc', partition: 1 },
    ],
    generation: 7,
  }
  const bytes = hex(
    '0002  00000002 0001 61 0002 6263  00000004 64617461' +
      '00000002 0001 61 00000002 00000000 00000003  0002 6263 00000001 00000001  00000007',
  )

  it('has the bytes of version 2 of the consumer protocol', () => {
    expect(encodeSubscription(subscription)).toEqual(bytes)
    expect(decodeSubscription(bytes)).toEqual(subscription)
  })

  it.each([
    { what: 'version 0: no owned partitions', from: '0000 00000001 0001 61 ffffffff', owned: [], generation: -1 },
    {
      what: 'version 1: no generation',
      from: '0001 00000001 0001 61 ffffffff 00000001 0001 61 00000001 00000005',
      owned: [{ topic: 'a', partition: 5 }],
      generation: -1,
    },
    {
      what: 'version 3: a rack behind it',
      from: '0003 00000001 0001 61 ffffffff 00000000 00000009 0001 72',
      owned: [],
      generation: 9,
    },
  ])('is read from $what', ({ from, owned, generation }) => {
    expect(decodeSubscription(hex(from))).toEqual({
      topics: ['a'],
      userData: Buffer.alloc(0),
      ownedPartitions: owned,
      generation,
    })
  })

  it('that is cut off is refused', () => {
    expect(() => decodeSubscription(bytes.subarray(0, bytes.length - 1))).toThrow()
  })
})

describe('an assignment', () => {
  const assignment = { partitions: [{ topic: 'a', partition: 2 }], userData: Buffer.from('x'), incomplete: true }
  const bytes = hex('0002  00000001 0001 61 00000001 00000002  00000001 78  01')

  it('has the bytes of the consumer protocol, and one of ours behind them', () => {
    expect(encodeAssignment(assignment)).toEqual(bytes)
    expect(decodeAssignment(bytes)).toEqual(assignment)
  })

  it('from another leader has no byte of ours', () => {
    const { incomplete } = decodeAssignment(bytes.subarray(0, bytes.length - 1))
    expect(incomplete).toBe(false)
  })

  it('without bytes holds nothing, and cannot be the last word', () => {
    expect(decodeAssignment(Buffer.alloc(0))).toEqual({ partitions: [], userData: Buffer.alloc(0), incomplete: true })
  })
})
