// The client contracts over the broker in memory; integration/client-contract.test.ts runs the same ones over a real broker.
import { ConnectionError } from '../../../../lib/client/errors.ts'
import { type MemoryClusterOptions, memoryCluster } from '../../../../lib/client/memory/index.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { adminContract } from '../../../contracts/client/admin-contract.ts'
import { fetcherContract } from '../../../contracts/client/fetcher-contract.ts'
import { groupContract } from '../../../contracts/client/group-contract.ts'
import { type ClusterHarness, harnessOver } from '../../../contracts/client/harness.ts'
import { producerContract } from '../../../contracts/client/producer-contract.ts'
import { transactionVersions } from '../../../contracts/client/transaction-versions.ts'

const nobody: Wire = {
  send: () => Promise.reject(new ConnectionError('nobody listens at 127.0.0.1:1')),
  close: () => Promise.resolve(),
}

async function memoryHarness(options: MemoryClusterOptions = {}): Promise<ClusterHarness> {
  const cluster = memoryCluster({ nodes: 2, ...options })
  return harnessOver({
    wires: ({ clientId }) => ({ open: (purpose) => cluster.open(purpose, clientId) }),
    unreachable: () => ({ open: () => nobody }),
    compact: (topic) => cluster.compact(topic),
  })
}

describe.each(transactionVersions)('with transactions of version %i', (transactionVersion) => {
  producerContract(() => memoryHarness({ transactionVersion }))
})
adminContract(() => memoryHarness())
fetcherContract(() => memoryHarness())
groupContract(() => memoryHarness())
