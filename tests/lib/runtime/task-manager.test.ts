// The task manager over tasks, producers and a group that do what they are told: who starts over with whom, and what is left behind, when tasks are given and taken
// in the midst of it. All in one transaction (scope `instance`), where tasks have to do with each other.
import type { Assigned, Client, GroupMember, Producer, SentOffsets } from '../../../lib/client/client.ts'
import { StaleMemberError, TransactionAbortedError } from '../../../lib/client/errors.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { partitionKey, type TopicPartition } from '../../../lib/core/record.ts'
import { type ProcessingGuarantee, resolveConfig } from '../../../lib/runtime/config.ts'
import { Metrics } from '../../../lib/runtime/metrics.ts'
import type { StreamTask } from '../../../lib/runtime/stream-task.ts'
import { TaskManager, type TaskManagerOptions } from '../../../lib/runtime/task-manager.ts'
import { until } from '../../support/until.ts'

class FakeTask {
  readonly name: string
  readonly stores = new Map()
  readonly committedInputs = { note: () => {} }
  state = 'CREATED'
  dirty = false
  commitRequested = false
  runs = 0
  failure: unknown
  closes: Promise<void> = Promise.resolve()

  constructor(name: string) {
    this.name = name
  }

  get isStarted(): boolean {
    return this.state === 'RUNNING' || this.state === 'SUSPENDED'
  }

  restoring(): void {
    this.state = 'RESTORING'
  }

  async suspend(): Promise<void> {
    if (this.state === 'RUNNING') this.state = 'SUSPENDED'
  }

  refuseCommits(): void {
    this.dirty = false
  }

  async abandon(): Promise<void> {
    this.state = 'RESTORING'
    this.dirty = false
    this.failure = undefined
  }

  async run(_: unknown, cancelled: () => boolean): Promise<void> {
    if (cancelled()) return
    this.state = 'RUNNING'
    this.runs++
  }

  async close(): Promise<void> {
    await this.suspend()
    await this.closes
    this.state = 'CLOSED'
  }

  sourceOf(): object {
    return {}
  }

  async prepareCommit(): Promise<void> {}

  release(): void {}

  seal(): readonly [] {
    this.dirty = false
    return []
  }

  async write(): Promise<void> {}

  committed(): void {}

  isCommitted(): boolean {
    return false
  }
}

const input = (partition: number): TopicPartition => ({ topic: 'in', partition })
/** What can go on without being told anything has done so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
}

const aborted = () => new TransactionAbortedError('a test says so')

function managed(processingGuarantee: ProcessingGuarantee = 'exactly_once') {
  const did: string[] = []
  const warnings: string[] = []
  const fatal: unknown[] = []
  const tasks = new Map<string, FakeTask>()
  const restores = new Map<string, Promise<void>>()
  const transactions = { commits: async (): Promise<SentOffsets> => new Map() }
  const group = { confirms: async (): Promise<unknown> => undefined }
  const inits = new Map<string, Promise<void>>()
  const producer = (id: string): Partial<Producer> => ({
    init: async () => {
      did.push(`init ${id}`)
      await inits.get(id)
    },
    commit: () => transactions.commits(),
    abort: async () => {},
    close: async () => void did.push(`close ${id}`),
  })
  const offsets = async (partitions: readonly TopicPartition[]) =>
    new Map(partitions.map(({ topic, partition }) => [partitionKey(topic, partition), 0]))
  const client = {
    producer: ({ transactionalId }: { transactionalId: string }) => producer(transactionalId),
    fetcher: () => ({ add: (partition: TopicPartition) => partition, remove: () => {}, close: async () => {} }),
    admin: { offsets },
  }
  const metadata = { groupId: 'app', memberId: 'me', generation: 1, instanceId: null }
  const member: Partial<GroupMember> = {
    committed: async () => new Map(),
    confirm: async () => {
      await group.confirms()
      return metadata
    },
    group: metadata,
    owns: () => true,
  }
  let departed: readonly string[] = []
  const tasksOf = (partitions: readonly TopicPartition[]) =>
    partitions.map(({ partition }) => ({ subtopology: 0, partition }))
  const options = {
    config: resolveConfig({
      applicationId: 'app',
      client: { connect: () => ({}) as never },
      transactionScope: 'instance',
      processingGuarantee,
    }),
    client: client as unknown as Client,
    factory: {
      create: async ({ partition }: { partition: number }) => {
        const task = new FakeTask(`0_${partition}`)
        tasks.set(task.name, task)
        did.push(`create ${task.name}`)
        return task
      },
    },
    assignor: { learn: () => departed, tasksOf },
    restorer: { restore: async ({ name }: FakeTask) => restores.get(name), wake: () => {} },
    metrics: new Metrics(silentLogger),
    logger: { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) },
    instanceId: 'me',
    member: () => member as GroupMember,
    changelogIds: new Map(),
    onCommitted: () => {},
    onChange: () => {},
    onFatal: (error: unknown) => void fatal.push(error),
  }
  const manager = new TaskManager({ ...options, clock: new VirtualClock() } as unknown as TaskManagerOptions)
  const assign = (...partitions: readonly number[]) =>
    manager.onAssigned({ added: partitions.map(input), kept: [], userData: new Map() } as unknown as Assigned)
  const task = (partition: number) => tasks.get(`0_${partition}`)!
  const running = async (...partitions: readonly number[]) => {
    await assign(...partitions)
    await until('they run', () => manager.allRunning)
  }
  return {
    manager,
    did,
    warnings,
    fatal,
    group,
    transactions,
    assign,
    running,
    task,
    lane: () => [...manager.lanes][0]!,
    inLane: () => [...[...manager.lanes][0]!.tasks].map(({ name }) => name),
    restoresWait: (partition: number) => {
      const gate = Promise.withResolvers<void>()
      restores.set(`0_${partition}`, gate.promise)
      return gate
    },
    initWaits: (id: string) => {
      const gate = Promise.withResolvers<void>()
      inits.set(id, gate.promise)
      return gate
    },
    departs: (...instances: readonly string[]) => {
      departed = instances
    },
    fails: () => manager.laneFailed([...manager.lanes][0]!, aborted()),
  }
}

describe('tasks of one transaction', () => {
  it('do not commit with one that is lost and takes long to close: what it sent was dropped with the transaction', async () => {
    const { manager, running, task, inLane, lane, did } = managed()
    await running(0, 1)
    const gate = Promise.withResolvers<void>()
    task(1).closes = gate.promise
    task(1).dirty = true
    const lost = manager.onLost([input(1)])
    await until('the other runs again', () => task(0).runs === 2 && lane().startingOver === undefined)
    expect(did.filter((each) => each === 'init app-me')).toHaveLength(2)
    expect(task(1).state).toBe('SUSPENDED')
    expect(inLane()).toEqual(['0_0'])
    expect(lane().dirty).toBe(false)
    gate.resolve()
    await lost
  })

  it('that run already while others start over, and are taken away, spoil the transaction for the others', async () => {
    const { manager, running, restoresWait, task, fails, lane, fatal } = managed()
    await running(0, 1)
    const gate = restoresWait(1)
    fails()
    await until('one runs again', () => task(0).runs === 2)
    task(0).dirty = true
    const revoked = manager.onRevoked([input(0)])
    await settled()
    gate.resolve()
    await revoked
    await until('the other runs', () => task(1).runs === 2 && lane().startingOver === undefined)
    expect(lane().dirty).toBe(true)
    await expect(lane().commit()).rejects.toMatchObject({ code: 'STREAMS_TRANSACTION_ABORTED' })
    expect(fatal).toEqual([])
  })

  it('start over once more when one fails while others are still on their way', async () => {
    const { manager, running, restoresWait, task, fails, fatal } = managed()
    await running(0, 1)
    const gate = restoresWait(1)
    fails()
    await until('one runs again', () => task(0).runs === 2)
    task(0).failure = aborted()
    manager.taskFailed(task(0) as unknown as StreamTask, task(0).failure)
    gate.resolve()
    await until('both have started over', () => task(0).runs === 3 && task(1).runs === 3)
    expect(manager.allRunning).toBe(true)
    expect(fatal).toEqual([])
  })

  it.each(['exactly_once', 'at_least_once'] as const)(
    'that come to a lane whose commit failed when none was left in it make it new (%s)',
    async (guarantee) => {
      const { manager, running, assign, departs, initWaits, did, lane } = managed(guarantee)
      await running(0)
      departs('gone')
      const gate = initWaits('app-gone')
      await assign(1)
      await manager.onLost([input(0)])
      lane().taint()
      await lane()
        .commit()
        .catch(() => {})
      did.length = 0
      gate.resolve()
      await until('the next one runs', () => manager.allRunning)
      const own = did.filter((each) => !each.includes('gone'))
      expect(own).toEqual([guarantee === 'exactly_once' ? 'init app-me' : 'init undefined', 'create 0_1'])
      expect(lane().spoiled).toBe(false)
    },
  )

  it('of a member that the group has dropped wait for onLost, and neither fence their heirs nor try again', async () => {
    const { manager, running, group, fails, lane, did, warnings, fatal } = managed()
    await running(0, 1)
    let asked = 0
    group.confirms = async () => {
      asked++
      throw new StaleMemberError('dropped')
    }
    fails()
    await until('the group was asked', () => asked > 0)
    await settled()
    expect(lane().startingOver).toBeDefined()
    fails()
    await manager.onLost([input(0), input(1)])
    expect(asked).toBe(1)
    expect(did.filter((each) => each === 'init app-me')).toHaveLength(1)
    expect(warnings.filter((each) => each.includes('start over'))).toHaveLength(1)
    expect([...manager.lanes]).toEqual([])
    expect(fatal).toEqual([])
  })

  it('are given up at once, though the group does not answer whether they are still ours', async () => {
    const { manager, running, group, fails, task } = managed()
    await running(0, 1)
    group.confirms = () => new Promise(() => {})
    fails()
    await manager.onRevoked([input(0), input(1)])
    expect([task(0).state, task(1).state]).toEqual(['CLOSED', 'CLOSED'])
  })

  it('wait, when they are new, until the others have started over', async () => {
    const { running, assign, group, fails, did, manager } = managed()
    await running(0)
    const gate = Promise.withResolvers<void>()
    group.confirms = () => gate.promise
    fails()
    await assign(1)
    await settled()
    expect(did).not.toContain('create 0_1')
    gate.resolve()
    await until('both run', () => manager.allRunning)
    expect(did.slice(-2)).toEqual(['init app-me', 'create 0_1'])
  })

  it('begin when the transactions of instances that are gone have ended', async () => {
    const { running, departs, did } = managed()
    departs('gone', 'away')
    await running(0)
    expect(did.slice(0, 4).sort()).toEqual(['close app-away', 'close app-gone', 'init app-away', 'init app-gone'])
    expect(did.slice(4)).toEqual(['init app-me', 'create 0_0'])
  })

  it('start over any number of times with commits in between, and ten times without', async () => {
    const { running, fails, manager, lane, task, fatal } = managed()
    await running(0, 1)
    const startsOver = async () => {
      fails()
      await until('they run again', () => manager.allRunning)
    }
    for (let i = 0; i < 15; i++) {
      await startsOver()
      task(0).dirty = true
      await lane().commit()
    }
    for (let i = 0; i < 10; i++) await startsOver()
    expect(fatal).toEqual([])
    fails()
    expect(fatal).toEqual([expect.objectContaining({ code: 'STREAMS_TRANSACTION_ABORTED' })])
  })

  it('that are to start over commit nothing from then on, also before it is their turn', async () => {
    const { running, group, fails, task, lane } = managed()
    await running(0, 1)
    task(0).dirty = true
    task(1).dirty = true
    let asked = false
    group.confirms = () => {
      asked = true
      return new Promise(() => {})
    }
    fails()
    await until('the group was asked', () => asked)
    expect([task(0).dirty, task(1).dirty]).toEqual([false, false])
    expect(lane().dirty).toBe(false)
  })

  it('that are lost while they commit are closed when that is through', async () => {
    const { manager, running, transactions, task, lane } = managed()
    await running(0)
    const gate = Promise.withResolvers<SentOffsets>()
    transactions.commits = () => gate.promise
    task(0).dirty = true
    const commit = lane().commit()
    await settled()
    const lost = manager.onLost([input(0)])
    await settled()
    expect(task(0).state).toBe('RUNNING')
    gate.resolve(new Map())
    await Promise.all([commit, lost])
    expect(task(0).state).toBe('CLOSED')
  })

  it('that are handed over without their last commit have the others start over', async () => {
    const { manager, running, transactions, task, lane, warnings } = managed()
    await running(0, 1)
    transactions.commits = () => Promise.reject(aborted())
    task(0).dirty = true
    await manager.onRevoked([input(0)])
    await until('the other runs again', () => task(1).runs === 2 && lane().startingOver === undefined)
    expect(task(0).state).toBe('CLOSED')
    expect(warnings).toEqual([
      expect.stringContaining('without their last commit'),
      expect.stringContaining('start over'),
    ])
  })

  it('commit nothing more when one has failed for good', async () => {
    const { running, manager, lane, task, fatal } = managed()
    await running(0, 1)
    task(1).dirty = true
    const cause = new Error('a callback failed')
    manager.taskFailed(task(0) as unknown as StreamTask, cause)
    expect(fatal).toEqual([cause])
    expect(lane().dirty).toBe(false)
  })
})
