// What an admin owes its user about transactions that others have open.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Admin, Client } from '../../../lib/client/client.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { failure } from './admin-support.ts'
import { type ClusterHarness, freshName, readValues, until } from './harness.ts'

export function adminTransactionContract(open: () => Promise<ClusterHarness>): void {
  describe('transactions', () => {
    let harness: ClusterHarness
    let admin: Admin
    let client: Client

    beforeAll(async () => {
      harness = await open()
      admin = harness.admin
      client = harness.client('transactions')
    })
    afterAll(() => harness.close())

    async function hanging(topic: string, value: string) {
      const transactionalId = freshName('tx')
      const producer = client.producer({ transactionalId, transactionTimeoutMs: 30_000 })
      await producer.init()
      producer.send(topic, 0, null, Buffer.from(value), 1, NO_HEADERS)
      await producer.flush()
      return { transactionalId, producer }
    }

    it('shows one that hangs, what it holds back, and that it has ended', async () => {
      const topic = await harness.topic()
      const { transactionalId, producer } = await hanging(topic, 'x')
      const described = await admin.describeTransaction(transactionalId)

      expect(described).toMatchObject({ transactionalId, state: 'Ongoing', timeoutMs: 30_000, producerEpoch: 0 })
      expect(described!.partitions).toEqual([{ topic, partition: 0 }])
      const ageMs = harness.clock.now() - described!.startedAtMs!
      expect(ageMs).toBeGreaterThanOrEqual(0)
      expect(ageMs).toBeLessThan(60_000)
      const listed = (await admin.listTransactions()).filter((each) => each.transactionalId === transactionalId)
      expect(listed).toEqual([{ transactionalId, producerId: described!.producerId, state: 'Ongoing' }])

      await producer.abort()
      await until('the abort is complete', async () => {
        return (await admin.describeTransaction(transactionalId))?.state === 'CompleteAbort'
      })
      expect(await admin.describeTransaction(transactionalId)).toMatchObject({ startedAtMs: null, partitions: [] })
      await producer.close()
    })

    it('ends those that hang: what they held back can be read, and their producers are shut out', async () => {
      const topic = await harness.topic()
      const hung = [await hanging(topic, 'lost'), await hanging(topic, 'lost, too')]
      const other = client.producer({})
      await other.init()
      other.send(topic, 0, null, Buffer.from('held back'), 1, NO_HEADERS)
      await other.flush()
      await other.close()
      const stableEnd = async () =>
        (await admin.offsets([{ topic, partition: 0 }], 'latest', 'read_committed')).get(`${topic}:0`)
      expect(await stableEnd()).toBe(0)

      await admin.fenceProducers(hung.map(({ transactionalId }) => transactionalId))
      // Three records and two markers, by the time that the call returns.
      expect(await stableEnd()).toBe(5)
      expect(await readValues(harness, topic)).toEqual(['held back'])
      for (const { producer } of hung) {
        producer.send(topic, 0, null, Buffer.from('late'), 1, NO_HEADERS)
        const shutOut = await failure(() =>
          producer.commit([], { groupId: 'none', memberId: '', generation: -1, instanceId: null }),
        )
        expect(shutOut.code).toBe('STREAMS_PRODUCER_FENCED')
        await producer.close()
      }
      expect(await readValues(harness, topic)).toEqual(['held back'])
    })

    it('knows nothing of an id that no producer has used', async () => {
      const unused = freshName('unused')
      expect(await admin.describeTransaction(unused)).toBeUndefined()
      expect((await admin.listTransactions()).some(({ transactionalId }) => transactionalId === unused)).toBe(false)
      await admin.fenceProducers([])
      await admin.fenceProducers([unused])
    })

    it('takes no empty id', async () => {
      const [described, fenced] = [
        await failure(() => admin.describeTransaction('')),
        await failure(() => admin.fenceProducers(['a', ''])),
      ]
      expect([described.code, fenced.code]).toEqual(['STREAMS_INVALID_ARGUMENT', 'STREAMS_INVALID_ARGUMENT'])
    })
  })
}
