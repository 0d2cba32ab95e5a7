// A group on a cluster in memory, in virtual time.
import { type MemoryCluster, memoryCluster } from '../../../lib/client/memory/index.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { SharingAssignor, TestMember, type TestMemberOptions } from '../../contracts/client/group-members.ts'
import { LogLines } from './log-lines.ts'

const REQUEST_TIMEOUT_MS = 30_000

export class GroupBench {
  readonly clock = new VirtualClock()
  readonly cluster: MemoryCluster
  readonly log = new LogLines()
  readonly partitionCount: number

  constructor(partitionCount = 4, nodes = 3) {
    this.partitionCount = partitionCount
    this.cluster = memoryCluster({ clock: this.clock, nodes, latencyMs: 2 })
    this.cluster.createTopic('t', { partitions: partitionCount })
  }

  /** Session 10 s, heartbeats every 3 s, rebalances at most 60 s, unless said otherwise. */
  member(clientId: string, options: TestMemberOptions = {}, assignor = this.assignor()): TestMember {
    const { clock, log: logger } = this
    const client = this.cluster.connect({ clientId, clock, logger, requestTimeoutMs: REQUEST_TIMEOUT_MS })
    const times = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, heartbeatIntervalMs: 3_000 }
    return new TestMember(client, 'g', assignor, { ...times, ...options })
  }

  assignor(): SharingAssignor {
    return new SharingAssignor('t', this.partitionCount)
  }

  async started(clientId: string, options?: TestMemberOptions, assignor?: SharingAssignor): Promise<TestMember> {
    const made = this.member(clientId, options, assignor)
    await this.during(made.member.start())
    return made
  }

  /** Lets time pass until a promise settles. */
  async during<T>(promise: Promise<T>, limitMs = 120_000): Promise<T> {
    let settled = false
    const watched = promise.finally(() => {
      settled = true
    })
    watched.catch(() => {})
    await this.clock.advanceUntil(() => settled, limitMs)
    return watched
  }

  until(holds: () => boolean, limitMs = 120_000): Promise<void> {
    return this.clock.advanceUntil(holds, limitMs)
  }
}
