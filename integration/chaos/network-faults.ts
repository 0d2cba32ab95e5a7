// What is done to the ways between an instance and the nodes.
import type { ApiName } from '../../lib/client/protocol/apis.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import type { Fate } from '../fault-proxy.ts'
import type { FaultLog } from './fault-log.ts'
import type { InstanceProcess } from './instance-process.ts'
import type { InstanceNetwork } from './network.ts'

const MAX_DELAY_MS = 250
const MAX_DELAY_LASTS_MS = 4_000
const MAX_PARTED_MS = 4_000
/** How long a fault waits for the request that it is meant for. */
const REQUEST_LIMIT_MS = 5_000
const POLL_MS = 20

export interface NetworkFaultContext {
  readonly instance: InstanceProcess
  readonly network: InstanceNetwork
  readonly isExactlyOnce: boolean
  readonly log: FaultLog
  /** Numbers in [0, 1) of this fault. */
  readonly random: () => number
}

type NetworkFault = (context: NetworkFaultContext) => Promise<void>

/** What an instance keeps asking; a request that never comes is no fault. */
const ANY: readonly ApiName[] = ['fetch', 'produce', 'heartbeat', 'metadata', 'joinGroup', 'syncGroup', 'offsetFetch']
const EXACTLY_ONCE: readonly ApiName[] = ['produce', 'endTxn', 'endTxn', 'endTxn', 'txnOffsetCommit', 'initProducerId']
const AT_LEAST_ONCE: readonly ApiName[] = ['produce', 'offsetCommit', 'offsetCommit']

async function cut({ instance, network, log, random }: NetworkFaultContext): Promise<void> {
  const how = random() < 0.5 ? 'fin' : 'reset'
  const count = network.cutAll(how)
  log.happened('cut connections', instance.name, count > 0 ? `${count} by ${how}` : undefined)
}

async function delay({ instance, network, log, random }: NetworkFaultContext): Promise<void> {
  const delayMs = Math.ceil(random() * MAX_DELAY_MS)
  const lastsMs = random() * MAX_DELAY_LASTS_MS
  const before = network.count('delayedChunks')
  network.delay(delayMs)
  await sleep(systemClock, lastsMs)
  const count = network.count('delayedChunks') - before
  log.happened('delay connections', instance.name, count > 0 ? `${count} chunks by ${delayMs} ms` : undefined)
}

function lose(kind: string, fates: readonly Fate[]): NetworkFault {
  return async ({ instance, network, isExactlyOnce, log, random }) => {
    const fate = fates[Math.floor(random() * fates.length)]!
    const apis = [...ANY, ...(isExactlyOnce ? EXACTLY_ONCE : AT_LEAST_ONCE)]
    const api = apis[Math.floor(random() * apis.length)]!
    const acted = network.next(api, fate)
    const untilMs = systemClock.monotonicMs() + REQUEST_LIMIT_MS
    while (acted() === 0 && systemClock.monotonicMs() < untilMs) await sleep(systemClock, POLL_MS)
    log.happened(kind, instance.name, acted() > 0 ? `${fate} of ${api}` : undefined)
  }
}

/** Between the instance and one node nothing passes, while it still reaches the others. */
async function part({ instance, network, log, random }: NetworkFaultContext): Promise<void> {
  const node = Math.floor(random() * network.proxies.length)
  const lastsMs = random() * MAX_PARTED_MS
  const proxy = network.proxies[node]!
  const before = proxy.counts.swallowedBytes
  proxy.blackHole()
  await sleep(systemClock, lastsMs)
  const bytes = proxy.counts.swallowedBytes - before
  // What has lost bytes would stay silent for ever, which no network does.
  proxy.cutAll('reset')
  log.happened('part from a node', instance.name, bytes > 0 ? `node ${node + 1}, ${bytes} bytes lost` : undefined)
}

export const networkFaults: readonly { readonly share: number; readonly fault: NetworkFault }[] = [
  { share: 3, fault: cut },
  { share: 2, fault: delay },
  { share: 4, fault: lose('lose an answer', ['lose-response', 'lose-response', 'swallow-response']) },
  { share: 2, fault: lose('lose a request', ['lose-request', 'swallow-request']) },
  { share: 2, fault: part },
]
