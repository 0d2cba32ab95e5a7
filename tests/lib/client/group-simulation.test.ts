// Strategy: some members on a cluster in memory, in virtual time. A seeded run starts, stops, kills and restarts them, cuts them off, loses requests and
// answers, moves the coordinator, and makes listeners slow. The same seed gives the same run.
// Invariants: listener calls never overlap; nobody gets a partition that another member holds, unless the group has dropped that one, which then lets go
// of it before it is part of the group again; a commit never succeeds for a partition that has a newer owner; when the trouble ends, each partition has one owner.
import { describe, expect, it } from '@jest/globals'
import { sleep } from '../../../lib/core/clock.ts'
import { StreamsError } from '../../../lib/core/errors.ts'
import type { TopicPartition } from '../../../lib/core/record.ts'
import { Random } from '../../../lib/testing/simulation/random.ts'
import type { TestMember } from '../../contracts/client/group-members.ts'
import { GroupBench } from './group-bench.ts'

const PARTITION_COUNT = 6
const SLOT_COUNT = 4
const STEP_COUNT = 60
const RUN_COUNT = 40

interface Slot {
  readonly name: string
  readonly instanceId: string | undefined
  member: TestMember | undefined
  /** Requests of this client do not arrive. */
  cut: boolean
  readonly clientIds: Set<string>
}

/** A member whose partition somebody else got: it must let go of it before it hears of the generation in which that happened, unless it has died. */
interface Overtaken {
  readonly member: TestMember
  readonly partition: number
  readonly generation: number
  hasLetGo: boolean
}

class Simulation {
  readonly bench = new GroupBench(PARTITION_COUNT, 3)
  readonly #random: () => number
  readonly #slots: Slot[]
  /** Who was given a partition last. */
  readonly #latestOwner = new Map<number, { readonly member: TestMember; readonly generation: number }>()
  readonly #overtaken: Overtaken[] = []
  readonly #dead = new Set<TestMember>()
  readonly violations: string[] = []
  commitCount = 0
  #lossRate = 0.02
  #lives = 0
  #calm = false

  constructor(seed: number) {
    const random = new Random(seed)
    this.#random = () => random.next()
    this.#slots = Array.from({ length: SLOT_COUNT }, (_, i) => ({
      name: `m${i}`,
      instanceId: i % 2 === 0 ? `static-${i}` : undefined,
      member: undefined,
      cut: false,
      clientIds: new Set<string>(),
    }))
    this.bench.cluster.intercept(({ clientId }) => {
      const slot = this.#slots.find(({ clientIds }) => clientIds.has(clientId))
      if (slot === undefined || slot.cut) return { dropRequest: 'disconnect' }
      if (this.#calm || this.#random() >= this.#lossRate) return undefined
      return this.#random() < 0.5 ? { dropRequest: 'disconnect' } : { dropResponse: 'disconnect' }
    })
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEP_COUNT; step++) {
      this.#act()
      await this.bench.clock.advance(Math.floor(this.#random() ** 2 * 8_000))
    }
    this.#calm = true
    for (const slot of this.#slots) {
      slot.cut = false
      if (slot.member === undefined) this.#start(slot)
    }
    await this.bench.until(() => this.#isSettled(), 10 * 60_000)
    await this.bench.clock.advance(60_000)
    if (!this.#isSettled()) this.violations.push('not settled after a quiet minute')
    this.#checkEnd()
  }

  describe(): string {
    return this.#slots.map(({ name, member }) => `${name}: ${member?.events.join(' | ')}`).join('\n')
  }

  #act(): void {
    const slot = this.#slots[Math.floor(this.#random() * SLOT_COUNT)]!
    const { member } = slot
    const choice = this.#random()
    if (member === undefined) this.#start(slot)
    else if (choice < 0.1) this.#stop(slot, true)
    else if (choice < 0.25) this.#stop(slot, false)
    else if (choice < 0.4) slot.cut = !slot.cut
    else if (choice < 0.5) member.member.rejoin('the simulation wants it')
    else if (choice < 0.6) this.bench.cluster.moveCoordinator('group', 'g', 1 + Math.floor(this.#random() * 3))
    else if (choice < 0.7) void member.member.settled().catch(() => {})
    else this.#commit(member)
  }

  #start(slot: Slot): void {
    const clientId = `${slot.name}-${this.#lives++}`
    slot.clientIds.add(clientId)
    const member = this.bench.member(clientId, {
      rebalanceTimeoutMs: 15_000,
      ...(slot.instanceId !== undefined && { instanceId: slot.instanceId }),
    })
    slot.member = member
    slot.cut = false
    const { onAssigned, onRevoked, onLost } = Object.getPrototypeOf(member) as TestMember
    member.onAssigned = (assigned) => {
      this.#checkLetGo(member, assigned.group.generation)
      for (const { partition } of assigned.added) this.#take(member, partition, assigned.group.generation)
      return onAssigned.call(member, assigned)
    }
    const letGo = (partitions: readonly TopicPartition[]): void => {
      for (const each of this.#overtaken) {
        const isGone = partitions.some(({ partition }) => partition === each.partition)
        if (each.member === member && isGone) each.hasLetGo = true
      }
    }
    member.onRevoked = async (partitions, group) => {
      this.#checkLetGo(member, group.generation)
      await onRevoked.call(member, partitions, group)
      letGo(partitions)
    }
    member.onLost = (partitions) => {
      letGo(partitions)
      return onLost.call(member, partitions)
    }
    member.onCall = async () => {
      if (!this.#calm && this.#random() < 0.3) await sleep(this.bench.clock, this.#random() * 20_000)
    }
    member.member.start().catch((error: unknown) => {
      // The brokers were away for too long, or the member was stopped before it had joined.
      if (!(error instanceof StreamsError)) this.violations.push(`start: ${String(error)}`)
      if (slot.member === member) slot.member = undefined
    })
  }

  #stop(slot: Slot, leave: boolean): void {
    const member = slot.member!
    this.#dead.add(member)
    slot.member = undefined
    // What has died sends nothing more.
    if (!leave) slot.clientIds.clear()
    void member.member.close({ leaveGroup: leave })
  }

  // A member that the group has dropped, and does not know it yet, may be told late of a generation that is over: then it is the former owner itself.
  #take(member: TestMember, partition: number, generation: number): void {
    const latest = this.#latestOwner.get(partition)
    if (latest !== undefined && latest.generation > generation) {
      this.#overtaken.push({ member, partition, generation: latest.generation, hasLetGo: false })
      return
    }
    for (const { member: other } of this.#slots) {
      if (other === undefined || other === member || !other.owned.has(partition)) continue
      this.#overtaken.push({ member: other, partition, generation, hasLetGo: false })
      this.#checkLetGo(other, other.groups.at(-1)!.generation)
    }
    this.#latestOwner.set(partition, { member, generation })
  }

  #commit(member: TestMember): void {
    const partition = member.partitions[0]
    if (partition === undefined) return
    const hasNewerOwner = this.#latestOwner.get(partition)?.member !== member
    const commit = member.member.commit([{ topic: 't', partition, offset: this.commitCount, metadata: '' }])
    commit.then(
      () => {
        this.commitCount++
        if (hasNewerOwner) this.violations.push(`a commit for ${partition} by a former owner succeeded`)
      },
      (error: unknown) => {
        if (!(error instanceof StreamsError)) this.violations.push(`commit: ${String(error)}`)
      },
    )
  }

  #isSettled(): boolean {
    const members = this.#slots.map(({ member }) => member)
    if (members.some((member) => member === undefined)) return false
    const owned = members.flatMap((member) => member!.partitions)
    return owned.length === PARTITION_COUNT && new Set(owned).size === PARTITION_COUNT
  }

  #checkLetGo(member: TestMember, generation: number): void {
    for (const each of this.#overtaken) {
      if (each.member !== member || each.hasLetGo || generation < each.generation) continue
      this.violations.push(`${each.partition} had two owners, and the former went on`)
    }
  }

  #checkEnd(): void {
    for (const { member, partition, hasLetGo } of this.#overtaken) {
      if (!hasLetGo && !this.#dead.has(member)) this.violations.push(`${partition} had two owners to the end`)
    }
    for (const { member } of this.#slots) {
      if (member?.events.includes('overlapping calls')) this.violations.push('overlapping listener calls')
      if (member?.fatal !== undefined) this.violations.push(`fatal: ${member.fatal.message}`)
    }
  }
}

describe('a group in trouble', () => {
  it.each(Array.from({ length: RUN_COUNT }, (_, i) => i + 1))('keeps its promises: seed %i', async (seed) => {
    const simulation = new Simulation(seed)
    await simulation.run().catch((error: Error) => {
      throw new Error(`${error.message}\n${simulation.describe()}`)
    })
    if (simulation.violations.length > 0)
      throw new Error(`${simulation.violations.join('\n')}\n${simulation.describe()}`)
    expect(simulation.commitCount).toBeGreaterThan(0)
  })
})
