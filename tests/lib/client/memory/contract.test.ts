// The client contracts over the broker in memory; integration/client-contract.test.ts runs the same ones over a real broker.
import { ConnectionError } from '../../../../lib/client/errors.ts'
import { memoryCluster } from '../../../../lib/client/memory/index.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { adminContract } from '../../../contracts/client/admin-contract.ts'
import { fetcherContract } from '../../../contracts/client/fetcher-contract.ts'
import { groupContract } from '../../../contracts/client/group-contract.ts'
import { type ClusterHarness, harnessOver } from '../../../contracts/client/harness.ts'
import { producerContract } from '../../../contracts/client/producer-contract.ts'

const nobody: Wire = {
  send: () => Promise.reject(new ConnectionError('nobody listens at 127.0.0.1:1')),
  close: () => Promise.resolve(),
}

async function memoryHarness(): Promise<ClusterHarness> {
  const cluster = memoryCluster({ nodes: 2 })
  return harnessOver({
    wires: ({ clientId }) => ({ open: (purpose) => cluster.open(purpose, clientId) }),
    unreachable: () => ({ open: () => nobody }),
    compact: (topic) => cluster.compact(topic),
  })
}

producerContract(memoryHarness)
adminContract(memoryHarness)
fetcherContract(memoryHarness)
groupContract(memoryHarness)
