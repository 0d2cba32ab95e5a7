// How often the loop wakes while it may not take records: what it waits for wakes it, no timer that is due already.
import { type Clock, type Timer, VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import type { CommitLane } from '../../../lib/runtime/commit-lane.ts'
import { resolveConfig, type StreamsConfig } from '../../../lib/runtime/config.ts'
import { Metrics } from '../../../lib/runtime/metrics.ts'
import { StreamLoop } from '../../../lib/runtime/stream-loop.ts'
import type { StreamTask } from '../../../lib/runtime/stream-task.ts'
import type { TaskManager } from '../../../lib/runtime/task-manager.ts'

/** Counts timers; waits for at least a millisecond, as Node does. */
class CountingClock implements Clock {
  readonly virtual = new VirtualClock(1_000_000)
  timers = 0

  now(): number {
    return this.virtual.now()
  }

  monotonicMs(): number {
    return this.virtual.monotonicMs()
  }

  setTimer(delayMs: number, action: () => void): Timer {
    this.timers++
    return this.virtual.setTimer(Math.max(1, delayMs), action)
  }

  yields = 0

  yield(): Promise<void> {
    this.yields++
    return this.virtual.yield()
  }
}

const MEBIBYTE = 1024 * 1024

class FakeTask {
  readonly name = '0_0'
  readonly state = 'RUNNING'
  readonly lastNodeName = 'node'
  uncommittedBytes = 0
  turns = 0
  /** Due long ago: a partition was waited for as long as maxTaskIdleMs says, or a punctuation. */
  nextTimerMs: number | undefined = 0

  punctuate(): boolean {
    return false
  }

  onTurn: () => void = () => {}

  process(): number {
    this.turns++
    this.onTurn()
    return 0
  }
}

class FakeLane {
  dirty = true
  committing = false
  commitRequested = false
  nextCommitMs = 0
  interval: number | undefined
  commits = 0
  drains = 0
  readonly producer = {
    pendingBytes: 0,
    drained: (): Promise<void> => {
      this.drains++
      return new Promise((resolve) => {
        this.drained = resolve
      })
    },
  }
  drained: () => void = () => {}
  ended: () => void = () => {}
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  scheduleAfter(intervalMs: number): void {
    this.interval = intervalMs
    this.nextCommitMs = this.#clock.now() + intervalMs
  }

  async commit(): Promise<void> {
    this.commits++
    this.committing = true
    await new Promise<void>((resolve) => {
      this.ended = resolve
    })
    this.committing = false
  }
}

interface Loop {
  readonly clock: CountingClock
  readonly loop: StreamLoop
  readonly task: FakeTask
  readonly lanes: readonly FakeLane[]
  /** Timers that are set in a second. */
  timersInASecond(): Promise<number>
}

async function withLoop(
  { laneCount = 1, ...settings }: Partial<StreamsConfig> & { laneCount?: number },
  test: (loop: Loop) => Promise<void>,
): Promise<void> {
  const clock = new CountingClock()
  const task = new FakeTask()
  const lanes = Array.from({ length: laneCount }, () => new FakeLane(clock))
  const manager: Pick<TaskManager, 'tasks' | 'lanes' | 'laneFailed' | 'taskFailed'> = {
    tasks: [task as unknown as StreamTask],
    lanes: lanes as unknown as CommitLane[],
    laneFailed: () => {},
    taskFailed: () => {},
  }
  const client = { connect: () => ({}) as never }
  const config = resolveConfig({ applicationId: 'app', client, clock, ...settings })
  const loop = new StreamLoop({
    manager: manager as TaskManager,
    config,
    clock,
    metrics: new Metrics(silentLogger),
    logger: silentLogger,
    onFatal: (error) => {
      throw error
    },
  })
  loop.start()
  try {
    await test({
      clock,
      loop,
      task,
      lanes,
      timersInASecond: async () => {
        await clock.virtual.advance(1)
        const before = clock.timers
        await clock.virtual.advance(1_000)
        return clock.timers - before
      },
    })
  } finally {
    for (const lane of lanes) lane.ended()
    const stopped = loop.stop()
    await clock.virtual.advance(2_000)
    await stopped
  }
}

describe('a stream loop', () => {
  it('that waits for a commit, since writes pile up, leaves tasks alone whose time has come', () =>
    withLoop({ uncommittedBytes: MEBIBYTE }, async ({ clock, task, lanes, timersInASecond }) => {
      task.uncommittedBytes = 2 * MEBIBYTE
      expect(await timersInASecond()).toBeLessThan(5)
      expect(lanes[0]!.commits).toBe(1)
      const before = task.turns
      task.uncommittedBytes = 0
      task.nextTimerMs = undefined
      lanes[0]!.dirty = false
      lanes[0]!.ended()
      await clock.virtual.advance(1)
      expect(task.turns).toBeGreaterThan(before)
    }))

  it('that waits for sends, since they pile up, asks for that once', () =>
    withLoop({}, async ({ clock, task, lanes, timersInASecond }) => {
      const [lane] = lanes
      lane!.dirty = false
      lane!.producer.pendingBytes = 64 * MEBIBYTE
      expect(await timersInASecond()).toBeLessThan(5)
      expect(lane!.drains).toBe(1)
      const before = task.turns
      lane!.producer.pendingBytes = 0
      task.nextTimerMs = undefined
      lane!.drained()
      await clock.virtual.advance(1)
      expect(task.turns).toBeGreaterThan(before)
      lane!.producer.pendingBytes = 64 * MEBIBYTE
      await clock.virtual.advance(1_100)
      expect(lane!.drains).toBe(2)
    }))

  it('that waits for sends which fail does not ask again at once: the lane starts over', () =>
    withLoop({}, async ({ lanes, timersInASecond }) => {
      const [lane] = lanes
      lane!.dirty = false
      lane!.producer.pendingBytes = 64 * MEBIBYTE
      lane!.producer.drained = () => Promise.reject(new Error('fenced'))
      expect(await timersInASecond()).toBeLessThan(5)
    }))

  it('that has as many commits under way as may be leaves the others alone until one ends', () =>
    withLoop({ laneCount: 10 }, async ({ clock, task, lanes, timersInASecond }) => {
      task.nextTimerMs = undefined
      const commits = () => lanes.reduce((sum, lane) => sum + lane.commits, 0)
      expect(await timersInASecond()).toBeLessThan(5)
      expect(commits()).toBe(8)
      lanes[0]!.dirty = false
      lanes[0]!.ended()
      await clock.virtual.advance(1)
      expect(commits()).toBe(9)
    }))

  it('that is woken in each of its turns leaves timers and sockets theirs', () =>
    withLoop({}, async ({ clock, loop, task, lanes }) => {
      lanes[0]!.dirty = false
      task.nextTimerMs = undefined
      await clock.virtual.advance(1)
      const [turns, yields] = [task.turns, clock.yields]
      // Bounded: without their turn this test would not end.
      task.onTurn = () => {
        if (task.turns < turns + 100) loop.wake()
      }
      loop.wake()
      await clock.virtual.advance(1)
      expect(task.turns - turns).toBe(100)
      expect(clock.yields - yields).toBeGreaterThanOrEqual(99)
    }))

  it('that waits for nothing is woken by the next time of a task', () =>
    withLoop({}, async ({ clock, task, lanes }) => {
      lanes[0]!.dirty = false
      task.nextTimerMs = clock.now() + 300
      await clock.virtual.advance(299)
      const before = task.turns
      await clock.virtual.advance(2)
      expect(task.turns).toBeGreaterThan(before)
    }))

  it.each([
    { laneCount: 1, commitIntervalMs: 100, interval: 100 },
    { laneCount: 20, commitIntervalMs: 100, interval: 300 },
    // More would be longer than transactions may be open.
    { laneCount: 700, commitIntervalMs: 100, interval: 5_000 },
    { laneCount: 700, commitIntervalMs: 8_000, interval: 8_000 },
  ])('commits $laneCount transactions every $interval ms', ({ laneCount, commitIntervalMs, interval }) =>
    withLoop({ laneCount, commitIntervalMs }, async ({ clock, task, lanes }) => {
      task.nextTimerMs = undefined
      await clock.virtual.advance(1)
      expect(lanes[0]!.interval).toBe(interval)
    }),
  )
})
