// The producer's contract, which uses the most kinds of requests and of losses, over wires that reach the cluster in memory through messages, as
// between processes. (The other contracts hold as well; they take long.)
import { ConnectionError } from '../../../../lib/client/errors.ts'
import { memoryCluster } from '../../../../lib/client/memory/index.ts'
import { serveWires } from '../../../../lib/client/memory/shared-cluster.ts'
import { SharedWires } from '../../../../lib/client/memory/shared-wire.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { type ClusterHarness, harnessOver } from '../../../contracts/client/harness.ts'
import { producerContract } from '../../../contracts/client/producer-contract.ts'
import { pipePair } from './shared-pipe.ts'

const nobody: Wire = {
  send: () => Promise.reject(new ConnectionError('nobody listens at 127.0.0.1:1')),
  close: () => Promise.resolve(),
}

async function sharedHarness(): Promise<ClusterHarness> {
  const cluster = memoryCluster({ nodes: 2 })
  const pipe = pipePair()
  serveWires(cluster, pipe.ends[0])
  const wires = new SharedWires(pipe.ends[1])
  return harnessOver({
    wires: () => wires,
    unreachable: () => ({ open: () => nobody }),
    compact: (topic) => cluster.compact(topic),
  })
}

producerContract(sharedHarness)
