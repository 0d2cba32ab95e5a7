// The client contracts over kafkajs's connections and a real broker; tests/lib/client/memory/contract.test.ts runs the same ones in memory.
import type { ClientContext } from '../lib/client/client.ts'
import { kafkaWires } from '../lib/client/kafkajs/index.ts'
import { adminContract } from '../tests/contracts/client/admin-contract.ts'
import { fetcherContract } from '../tests/contracts/client/fetcher-contract.ts'
import { groupContract } from '../tests/contracts/client/group-contract.ts'
import { type ClusterHarness, harnessOver } from '../tests/contracts/client/harness.ts'
import { producerContract } from '../tests/contracts/client/producer-contract.ts'
import { transactionVersions, withoutFeatures } from '../tests/contracts/client/transaction-versions.ts'
import { describeWithBroker } from './broker/describe.ts'
import { freePorts } from './broker/ports.ts'

describeWithBroker('over a real broker', (bootstrap) => {
  async function brokerHarness(transactionVersion = 2): Promise<ClusterHarness> {
    const [closedPort] = await freePorts(1)
    const wires = (context: ClientContext) => kafkaWires({ brokers: bootstrap.split(',') }, context)
    return harnessOver({
      wires: (context) => (transactionVersion === 2 ? wires(context) : withoutFeatures(wires(context))),
      unreachable: (context) => kafkaWires({ brokers: [`127.0.0.1:${closedPort}`] }, context),
    })
  }

  describe.each(transactionVersions)('with transactions of version %i', (version) => {
    producerContract(() => brokerHarness(version))
  })
  adminContract(() => brokerHarness())
  fetcherContract(() => brokerHarness())
  groupContract(() => brokerHarness())
})
