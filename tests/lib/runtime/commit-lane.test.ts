// A lane by itself, over tasks and a producer that only note what is asked of them: what takes part in a commit, what is refused, and what becomes of a commit
// that went wrong. The order of the steps within a commit is the simulation's, and the broker tests', to hold.
import type { GroupMember, GroupMetadata, OffsetCommit, Producer, SentOffsets } from '../../../lib/client/client.ts'
import { CommitOutcomeUnknownError, StaleMemberError } from '../../../lib/client/errors.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { CommitLane } from '../../../lib/runtime/commit-lane.ts'
import type { ProcessingGuarantee } from '../../../lib/runtime/config.ts'
import { Metrics } from '../../../lib/runtime/metrics.ts'
import type { StreamTask } from '../../../lib/runtime/stream-task.ts'

const groupOf = (generation: number): GroupMetadata => ({
  groupId: 'app',
  memberId: 'me',
  generation,
  instanceId: null,
})

class FakeTask {
  readonly name: string
  readonly did: string[] = []
  heldChangelogs: readonly { send(): Promise<void> }[] = []
  readonly committedInputs = { note: () => void this.did.push('note') }
  isStarted = true
  dirty = true
  commitRequested = false
  isHeld = false
  /** What the group says of its last commit. */
  took = false
  prepares: () => Promise<void> = async () => {}
  writes: () => Promise<void> = async () => {}

  constructor(name: string) {
    this.name = name
  }

  async prepareCommit(): Promise<void> {
    this.isHeld = true
    await this.prepares()
  }

  release(): void {
    this.isHeld = false
  }

  seal(): readonly OffsetCommit[] {
    this.did.push('seal')
    this.dirty = false
    return [{ topic: this.name, partition: 0, offset: 1, metadata: '' }]
  }

  async write(): Promise<void> {
    this.did.push('write')
    await this.writes()
  }

  committed(): void {
    this.did.push('committed')
  }

  isCommitted(): boolean {
    return this.took
  }
}

function laneOf(tasks: readonly FakeTask[], guarantee: ProcessingGuarantee = 'exactly_once') {
  const lost = new Set<FakeTask>()
  const commits: { readonly topics: string; readonly generation: number }[] = []
  const answers: (() => Promise<SentOffsets>)[] = []
  const producer: Partial<Producer> = {
    flush: async () => new Map(),
    guard() {},
    commit: (offsets, { generation }) => {
      commits.push({ topics: offsets.map(({ topic }) => topic).join(), generation })
      return answers.shift()?.() ?? Promise.resolve(new Map())
    },
  }
  let generation = 1
  const lease = { holds: true }
  const next: number[] = []
  const member: Partial<GroupMember> = {
    get group() {
      return groupOf(generation)
    },
    settled: async () => {
      generation = next.shift() ?? generation
      return groupOf(generation)
    },
    confirm: async () => groupOf(generation),
    get hasLease() {
      return lease.holds
    },
    commit: async (offsets) => void commits.push({ topics: offsets.map(({ topic }) => topic).join(), generation }),
  }
  const lane = new CommitLane({
    producer: producer as Producer,
    guarantee,
    member: () => member as GroupMember,
    clock: new VirtualClock(),
    metrics: new Metrics(silentLogger),
    logger: silentLogger,
    changelogIds: new Map(),
    owns: (task) => !lost.has(task as unknown as FakeTask),
    onCommitted: () => {},
  })
  for (const task of tasks) lane.tasks.add(task as unknown as StreamTask)
  return { lane, commits, answers, lost, next, lease }
}

const stale = () => Promise.reject(new StaleMemberError('another generation'))

describe('a commit lane', () => {
  it('commits what its tasks did, in one transaction, and then writes it', async () => {
    const tasks = [new FakeTask('a'), new FakeTask('b')]
    const { lane, commits } = laneOf(tasks)
    await lane.commit()
    expect(commits).toEqual([{ topics: 'a,b', generation: 1 }])
    expect(tasks.map(({ did }) => did.join())).toEqual(['note,seal,write,committed', 'note,seal,write,committed'])
    await lane.commit()
    expect(commits).toHaveLength(1)
  })

  it('is not dirty at least once for a task that was lost: a commit would leave it out, and be due again at once', async () => {
    const [gone, other] = [new FakeTask('gone'), new FakeTask('other')]
    const { lane, lost, commits } = laneOf([gone, other], 'at_least_once')
    lost.add(gone)
    expect(lane.dirty).toBe(true)
    await lane.commit()
    expect(commits).toEqual([{ topics: 'other', generation: 1 }])
    expect([gone.dirty, lane.dirty]).toEqual([true, false])
  })

  it('is not over before each task’s write has ended, also when one has failed: they start over then', async () => {
    const [failing, slow] = [new FakeTask('failing'), new FakeTask('slow')]
    const { lane } = laneOf([failing, slow])
    const disk = Promise.withResolvers<void>()
    failing.writes = () => Promise.reject(new Error('no space left'))
    slow.writes = () => disk.promise
    let isOver = false
    const outcome = lane.commit().catch(String)
    const quiet = lane.quiet().then(() => {
      isOver = true
    })
    await new Promise(setImmediate)
    expect([slow.did.at(-1), isOver]).toEqual(['write', false])
    disk.resolve()
    await quiet
    expect(await outcome).toMatch(/no space left/)
  })

  it('commits nothing when a task is closed while it is waited for: what it sent would be committed without its offsets', async () => {
    const [lost, other] = [new FakeTask('lost'), new FakeTask('other')]
    const { lane, commits } = laneOf([lost, other])
    lost.prepares = async () => {
      lost.isStarted = false
      lost.dirty = false
    }
    await expect(lane.commit()).rejects.toMatchObject({ code: 'STREAMS_TRANSACTION_ABORTED' })
    expect(commits).toEqual([])
    expect(other.did).toEqual([])
    expect([lost, other].some(({ isHeld }) => isHeld)).toBe(false)
  })

  it.each([
    { guarantee: 'exactly_once', topics: [], why: 'what it sent lies in the transaction' },
    { guarantee: 'at_least_once', topics: ['other'], why: 'the other’s are the other’s' },
  ] as const)(
    '$guarantee commits $topics when a task was lost, but not yet closed: $why',
    async ({ guarantee, topics }) => {
      const [gone, other] = [new FakeTask('gone'), new FakeTask('other')]
      const { lane, commits, lost } = laneOf([gone, other], guarantee)
      // The group may know this member again, under a generation in which another has committed the same records.
      lost.add(gone)
      await lane.commit().catch(() => {})
      expect(commits.map((commit) => commit.topics)).toEqual(topics)
      expect(gone.did).toEqual([])
      expect([gone, other].some(({ isHeld }) => isHeld)).toBe(false)
    },
  )

  it('at least once notes the offsets of inputs only when they are committed, which is the task’s to do', async () => {
    const task = new FakeTask('a')
    await laneOf([task], 'at_least_once').lane.commit()
    expect(task.did).toEqual(['seal', 'write', 'committed'])
  })

  it.each([
    { why: 'its task was lost', change: ({ lost, task }) => lost.add(task) },
    { why: 'the session may be over', change: ({ lease }) => Object.assign(lease, { holds: false }) },
  ] as { why: string; change: (made: ReturnType<typeof laneOf> & { task: FakeTask }) => void }[])(
    'at least once sends nothing of what was logged when $why meanwhile',
    async ({ change }) => {
      const task = new FakeTask('a')
      task.heldChangelogs = [{ send: async () => void task.did.push('send') }]
      const made = laneOf([task], 'at_least_once')
      const seal = task.seal.bind(task)
      task.seal = () => {
        change({ ...made, task })
        return seal()
      }
      await expect(made.lane.commit()).rejects.toThrow(StaleMemberError)
      expect(task.did).toEqual(['seal'])
      expect(made.commits).toEqual([])
    },
  )

  // What is sent between the first task's hold and the cut lies in the transaction, whoever sent it.
  it.each([
    { guarantee: 'exactly_once', held: 'a,idle,late', why: 'the transaction takes what any of them sends' },
    { guarantee: 'at_least_once', held: 'a', why: 'there is no transaction' },
  ] as const)('$guarantee holds $held: $why', async ({ guarantee, held }) => {
    const [a, idle, late] = [new FakeTask('a'), new FakeTask('idle'), new FakeTask('late')]
    idle.dirty = false
    late.dirty = false
    late.isStarted = false
    const all = [a, idle, late]
    const { lane, answers } = laneOf(all, guarantee)
    // Another task begins to run while the first is waited for.
    a.prepares = async () => {
      late.isStarted = true
    }
    let heldAtCut = ''
    const seal = a.seal.bind(a)
    a.seal = () => {
      heldAtCut = all
        .filter(({ isHeld }) => isHeld)
        .map(({ name }) => name)
        .join()
      return seal()
    }
    answers.push(async () => new Map())
    await lane.commit()
    expect(heldAtCut).toBe(held)
    expect(all.some(({ isHeld }) => isHeld)).toBe(false)
  })

  it('lets all tasks go on when one cannot be prepared, but not before the others have stopped', async () => {
    const [a, b] = [new FakeTask('a'), new FakeTask('b')]
    const gate = Promise.withResolvers<void>()
    a.prepares = () => Promise.reject(new Error('a failed'))
    b.prepares = () => gate.promise
    const { lane, commits } = laneOf([a, b])
    const outcome = expect(lane.commit()).rejects.toThrow('a failed')
    await new Promise(setImmediate)
    expect([a.isHeld, b.isHeld]).toEqual([true, true])
    gate.resolve()
    await outcome
    expect([a.isHeld, b.isHeld]).toEqual([false, false])
    expect(commits).toEqual([])
  })

  it('whose transaction holds what a task sent that was given up commits nothing before it has a new one', async () => {
    const task = new FakeTask('a')
    task.dirty = false
    const { lane, commits } = laneOf([task])
    expect(lane.dirty).toBe(false)
    lane.taint()
    // With nothing else to do, too: readers wait for the end of that transaction.
    expect(lane.dirty).toBe(true)
    task.dirty = true
    await expect(lane.commit()).rejects.toMatchObject({ code: 'STREAMS_TRANSACTION_ABORTED' })
    expect(commits).toEqual([])
    expect(task.did).toEqual([])
    lane.renewed()
    await lane.commit()
    expect(commits).toHaveLength(1)
  })

  it('whose commit has failed begins no other before its tasks have started over', async () => {
    const task = new FakeTask('a')
    const { lane, commits, answers } = laneOf([task])
    answers.push(stale)
    await expect(lane.commit()).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })
    task.dirty = true
    expect(lane.dirty).toBe(false)
    await lane.commit()
    expect(commits).toHaveLength(1)
    lane.renewed()
    await lane.commit()
    expect(commits).toHaveLength(2)
  })

  it.each([
    { state: 'that was closed', set: (lane: CommitLane) => lane.close() },
    {
      state: 'whose tasks start over',
      set: (lane: CommitLane) => {
        lane.startingOver = Promise.resolve()
      },
    },
  ])('$state has nothing to commit', async ({ set }) => {
    const task = new FakeTask('a')
    const { lane, commits } = laneOf([task])
    set(lane)
    // Not even what only an abort can end.
    lane.taint()
    expect(lane.dirty).toBe(false)
    await lane.commit()
    expect(commits).toEqual([])
    expect(task.did).toEqual([])
  })

  describe('that meets a new generation of the group', () => {
    it('commits the same offsets under it, if the tasks stayed', async () => {
      const task = new FakeTask('a')
      const { lane, commits, answers, next } = laneOf([task])
      answers.push(stale, stale)
      next.push(2, 3)
      await lane.commit()
      expect(commits.map(({ generation }) => generation)).toEqual([1, 2, 3])
      expect(task.did).toEqual(['note', 'seal', 'write', 'committed'])
    })

    it.each([
      { what: 'a task was taken away', generations: [2], taken: true },
      { what: 'it is the same generation after all', generations: [1], taken: false },
    ])('does not, if $what', async ({ generations, taken }) => {
      const task = new FakeTask('a')
      const { lane, commits, answers, next, lost } = laneOf([task])
      answers.push(() => {
        if (taken) lost.add(task)
        return stale()
      })
      next.push(...generations)
      await expect(lane.commit()).rejects.toMatchObject({ code: 'STREAMS_STALE_MEMBER' })
      expect(commits).toHaveLength(1)
      expect(task.did).toEqual(['note', 'seal'])
    })
  })

  it.each([
    { took: true, did: ['note', 'seal', 'write'] },
    { took: false, did: ['note', 'seal'] },
  ])('writes a commit of unknown outcome once it is known: $took', async ({ took, did }) => {
    const task = new FakeTask('a')
    const { lane, answers } = laneOf([task])
    answers.push(() => Promise.reject(new CommitOutcomeUnknownError('no answer')))
    await expect(lane.commit()).rejects.toMatchObject({ code: 'STREAMS_COMMIT_OUTCOME_UNKNOWN' })
    expect(task.did).toEqual(['note', 'seal'])
    task.took = took
    // It is asked once; what comes later is another commit.
    for (let i = 0; i < 2; i++) await lane.settle(task as unknown as StreamTask, new Map())
    expect(task.did).toEqual(did)
  })

  it('waits for the commit that is under way, and then commits what came meanwhile', async () => {
    const task = new FakeTask('a')
    const { lane, commits, answers } = laneOf([task])
    const gate = Promise.withResolvers<SentOffsets>()
    answers.push(() => gate.promise)
    const first = lane.commit()
    await new Promise(setImmediate)
    expect(lane.committing).toBe(true)
    task.dirty = true
    const second = lane.commit()
    await new Promise(setImmediate)
    expect(commits).toHaveLength(1)
    gate.resolve(new Map())
    await Promise.all([first, second])
    expect(commits).toHaveLength(2)
    expect(lane.committing).toBe(false)
  })
})
