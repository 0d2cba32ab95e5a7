// The client contracts over kafkajs's connections and a real broker; tests/lib/client/memory/contract.test.ts runs the same ones in memory.
import { expect, it } from '@jest/globals'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { wireClient } from '../lib/client/wire-client.ts'
import { adminContract } from '../tests/contracts/client/admin-contract.ts'
import { fetcherContract } from '../tests/contracts/client/fetcher-contract.ts'
import { groupContract } from '../tests/contracts/client/group-contract.ts'
import { type ClusterHarness, contextFor, harnessOver } from '../tests/contracts/client/harness.ts'
import { producerContract } from '../tests/contracts/client/producer-contract.ts'
import { describeWithBroker } from './broker/describe.ts'
import { startBroker } from './broker/index.ts'
import { freePorts } from './broker/ports.ts'

describeWithBroker('over a real broker', (bootstrap) => {
  async function brokerHarness(): Promise<ClusterHarness> {
    const [closedPort] = await freePorts(1)
    return harnessOver({
      wires: (context) => kafkaWires({ brokers: bootstrap.split(',') }, context),
      unreachable: (context) => kafkaWires({ brokers: [`127.0.0.1:${closedPort}`] }, context),
    })
  }

  producerContract(brokerHarness)
  adminContract(brokerHarness)
  fetcherContract(brokerHarness)
  groupContract(brokerHarness)
})

describeWithBroker('a cluster with fewer brokers than its transaction log wants replicas', () => {
  it('hosts no transactions, and says why within the request time-out', async () => {
    await using broker = await startBroker({ properties: { 'transaction.state.log.replication.factor': '3' } })
    const context = contextFor('few-brokers', 3_000)
    const client = wireClient(kafkaWires({ brokers: broker.bootstrap.split(',') }, context), context)
    const startMs = context.clock.monotonicMs()
    try {
      await expect(client.producer({ transactionalId: 'nobody' }).init()).rejects.toMatchObject({
        code: 'STREAMS_BROKER_UNAVAILABLE',
        message: expect.stringContaining('transaction.state.log.replication.factor'),
      })
      expect(context.clock.monotonicMs() - startMs).toBeLessThan(6_000)
    } finally {
      await client.close()
    }
  }, 120_000)
})
