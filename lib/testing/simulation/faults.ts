// Everything that a seed may let go wrong. Each fault is begun by the schedule and runs by itself; it says so, by `count`, when it has really happened.

import type { MemoryCluster } from '../../client/memory/index.ts'
import { inEitherVersion } from '../../client/transaction-version.ts'
import { type Clock, sleep } from '../../core/clock.ts'
import type { CrashPoints } from './crash-points.ts'
import type { Instances, Slot } from './instances.ts'
import type { Network } from './network.ts'
import type { SimulationPlan } from './plan.ts'
import type { SimulatedProcess } from './process.ts'
import type { Random } from './random.ts'
import { ALL_TOPICS, APPLICATION_ID } from './workload.ts'

/** How long a process may live on that is to crash at an operation which it may never do. */
const CRASH_PATIENCE_MS = 400
const MAX_INSTANCES = 5
const CLOSE_PATIENCE_MS = 60_000

export interface FaultContext {
  readonly plan: SimulationPlan
  readonly random: Random
  readonly clock: Clock
  readonly cluster: MemoryCluster
  readonly network: Network
  readonly crashes: CrashPoints
  readonly instances: Instances
  readonly disks: Disks
  /** Processes whose next callback throws. */
  readonly throwing: Set<SimulatedProcess>
  readonly count: (kind: string) => void
  readonly log: (line: string) => void
  /** Whether the time of faults is over. */
  readonly isCalm: () => boolean
}

/** What is wrong with the machines' disks, by machine. */
export interface Disks {
  readonly full: Set<string>
  readonly slow: Map<string, number>
  /** Machines whose next batch fails. */
  readonly failing: Set<string>
}

type Fault = (context: FaultContext) => Promise<void>

/** What only fencing withstands: a process that loses its place to another of its name before its session is over, and requests that arrive when it is. */
const fencedFaults: readonly Fault[] = [replaceZombie, holdTransaction]

/** What is here twice is so twice as often. */
const commonFaults: readonly Fault[] = [
  pause,
  pause,
  restartAround,
  restartAround,
  cutOff,
  loseMessages,
  loseMessages,
  repeatRequests,
  loseEnds,
  crash,
  crash,
  crash,
  crash,
  failCallback,
  leave,
  join,
  join,
  leave,
  slowNode,
  moveLeaders,
  moveCoordinators,
  fillDisk,
  failBatch,
  slowDisk,
  failHandover,
]

export function faultsOf({ guarantee }: SimulationPlan): readonly Fault[] {
  return guarantee === 'exactly_once' ? [...commonFaults, ...fencedFaults] : commonFaults
}

// ---- instances that die

async function crash(context: FaultContext): Promise<void> {
  const slot = pickHealthy(context)
  if (slot !== undefined) await crashOf(context, slot, (crashes, process, died) => crashes.atCommit(process, died))
}

// What the user wrote throws in the middle of a record: the instance ends in ERROR, and is started again.
async function failCallback(context: FaultContext): Promise<void> {
  const slot = pickHealthy(context)
  if (slot !== undefined) context.throwing.add(slot.process!)
}

type Arm = (crashes: CrashPoints, process: SimulatedProcess, onCrash: () => void) => void

async function crashOf(context: FaultContext, slot: Slot, arm: Arm): Promise<void> {
  const { clock, crashes } = context
  const process = slot.process!
  if (crashes.isArmed(process)) return
  const died = (): void => die(context, slot, process)
  arm(crashes, process, died)
  await sleep(clock, CRASH_PATIENCE_MS)
  if (!process.alive) return
  crashes.anywhere(process, died)
  await sleep(clock, CRASH_PATIENCE_MS)
  crashes.disarm(process)
}

function die(context: FaultContext, slot: Slot, process: SimulatedProcess): void {
  const { random, clock, count, log } = context
  process.kill()
  slot.isAwaited = true
  count('crash')
  log(`${process.name} dies`)
  // What lies in its sockets still leaves the machine, or not.
  const cutAfterMs = random.chance(0.5) ? random.below(40) : 0
  if (cutAfterMs === 0) process.cut()
  else clock.setTimer(cutAfterMs, () => process.cut())
  clock.setTimer(random.chance(0.5) ? random.between(1, 100) : random.between(100, 1_500), () =>
    comeBack(context, slot),
  )
}

function comeBack(context: FaultContext, slot: Slot): void {
  const { random, instances, count, log, isCalm } = context
  if (!slot.isAwaited || slot.process?.alive === true) return
  const fate = random.next()
  if (fate < 0.2) {
    const lost = slot.machine.disk.powerCut((batches) => random.between(Math.max(0, batches - 6), batches))
    if (lost > 0) count('batches lost by a power cut')
    log(`${slot.machine.name} comes back after a power cut, ${lost} batches lost`)
  } else if (fate < 0.35) {
    slot.machine = random.chance(0.5) ? instances.machine(slot.machine.instanceId) : instances.machine()
    count('restart on another disk')
    log(`${slot.machine.name} comes up as ${slot.machine.instanceId}`)
  } else {
    count('restart on the same disk')
    log(`${slot.machine.name} comes back`)
  }
  const process = instances.start(slot)
  if (isCalm() || !random.chance(0.3)) return
  void crashOf(context, slot, (points, _, died) =>
    points.atStart(process, () => {
      count('crash during a start')
      died()
    }),
  )
}

// ---- instances that are taken for dead

async function pause(context: FaultContext): Promise<void> {
  const slot = pickHealthy(context)
  if (slot === undefined) return
  await pauseOf(context, slot.process!, someTime(context))
}

/** Not as long as a session, or longer. */
function someTime({ random, plan }: FaultContext): number {
  const sessionMs = plan.config.sessionTimeoutMs!
  return random.chance(0.3) ? random.between(20, sessionMs) : random.between(sessionMs, 3 * sessionMs)
}

async function pauseOf(
  { clock, random, plan, count, log }: FaultContext,
  process: SimulatedProcess,
  forMs: number,
): Promise<void> {
  process.pause()
  log(`${process.name} is paused for ${forMs} ms`)
  await sleep(clock, forMs)
  if (!process.alive) return
  count(forMs > plan.config.sessionTimeoutMs! ? 'zombie' : 'pause')
  log(`${process.name} goes on`)
  process.resume(random.chance(0.5))
}

// Somebody starts the same instance anew, elsewhere, while the old one only sleeps.
async function replaceZombie(context: FaultContext): Promise<void> {
  const { plan, random, instances, clock, count, log } = context
  const slot = pickHealthy(context)
  if (slot === undefined || !plan.staticMembers) return
  const process = slot.process!
  const sleeping = pauseOf(context, process, someTime(context))
  await sleep(clock, random.between(1, 300))
  if (!process.alive || slot.process !== process) return
  slot.machine = instances.machine(slot.machine.instanceId)
  log(`${slot.machine.name} takes the place of ${process.name}`)
  const successor = instances.start(slot)
  await sleeping
  const hasEnded = ({ alive, streams }: SimulatedProcess) => !alive || streams.state === 'ERROR'
  const deadlineMs = clock.now() + CLOSE_PATIENCE_MS
  while (!hasEnded(process) && !hasEnded(successor) && clock.now() < deadlineMs) await sleep(clock, 50)
  if (process.error !== undefined) count('zombie fenced by its instance id')
  if (!hasEnded(process) && !hasEnded(successor)) instances.reportBothAlive(process, successor)
  instances.end(process)
}

// Nobody is left who remembers the one that sleeps, and would end its transaction: only the group tells it from a member.
async function restartAround(context: FaultContext): Promise<void> {
  const { plan, random, instances, crashes, count } = context
  const slot = pickHealthy(context)
  if (slot === undefined) return
  const others = instances.healthy.filter((other) => other !== slot && !crashes.isArmed(other.process!))
  if (others.length === 0) return
  for (const other of others) die(context, other, other.process!)
  count('all but one start anew')
  const sessionMs = plan.config.sessionTimeoutMs!
  await pauseOf(context, slot.process!, random.between(sessionMs, 2 * sessionMs))
}

async function cutOff({ network, instances, random, clock, plan, count, log }: FaultContext): Promise<void> {
  const slot = random.pick(instances.healthy)
  if (slot === undefined) return
  const { name } = slot.process!
  const sign = random.chance(0.5) ? 'disconnect' : 'silence'
  let isCounted = false
  const end = network.add(({ clientId }) => {
    if (clientId !== name) return undefined
    if (!isCounted) count('cut off from the cluster')
    isCounted = true
    return { dropRequest: sign }
  })
  log(`${name} is cut off: ${sign}`)
  await sleep(clock, random.between(100, 2 * plan.config.sessionTimeoutMs!))
  end()
  log(`${name} is back on the network`)
}

// ---- members that come and go

async function leave(context: FaultContext): Promise<void> {
  const { instances, clock, random, count, log } = context
  const slot = pickHealthy(context)
  if (slot === undefined || instances.healthy.length < 2) return
  const process = slot.process!
  slot.isAwaited = true
  log(`${process.name} is closed`)
  await instances.close(process, CLOSE_PATIENCE_MS)
  if (!process.alive) return
  count('leave')
  instances.end(process)
  await sleep(clock, random.between(1, 1_000))
  if (slot.isAwaited && slot.process === process) instances.start(slot)
}

async function join({ instances, count, log }: FaultContext): Promise<void> {
  if (instances.slots.length >= MAX_INSTANCES) return
  const { machine } = instances.add()
  count('join')
  log(`${machine.name} joins`)
}

// ---- the network and the brokers

async function loseMessages({ network, instances, random, clock, log }: FaultContext): Promise<void> {
  const one = random.chance(0.5) ? random.pick(instances.living)?.process?.name : undefined
  const rate = random.next() * 0.25
  const weather = network.losing(
    rate,
    ({ clientId }) => isInstance(clientId) && (one === undefined || clientId === one),
  )
  const end = network.add(weather)
  log(`messages of ${one ?? 'all'} get lost`)
  await sleep(clock, random.between(100, 1_000))
  end()
}

async function repeatRequests({ network, random, clock, log }: FaultContext): Promise<void> {
  log('requests come twice')
  network.duplicate(random.next() * 0.3)
  await sleep(clock, random.between(100, 1_000))
  network.duplicate(0)
}

async function slowNode({ network, plan, random, clock, log }: FaultContext): Promise<void> {
  const slow = random.between(1, plan.cluster.nodes)
  log(`node ${slow} is slow`)
  const end = network.add(
    network.slow(random.between(10, 250), ({ clientId, node }) => isInstance(clientId) && node === slow),
  )
  await sleep(clock, random.between(100, 1_000))
  end()
}

// A request of a commit is held back for longer than the transaction may take.
async function holdTransaction({ network, plan, random, clock, count, log }: FaultContext): Promise<void> {
  const held = random.pick(['endTxn', 'endTxn', 'txnOffsetCommit', 'produce', 'addOffsetsToTxn'])
  const delayMs = plan.config.transactionTimeoutMs! + random.below(200)
  let isDone = false
  const end = network.add(({ api, clientId }) => {
    if (isDone || inEitherVersion(api) !== held || !isInstance(clientId)) return undefined
    isDone = true
    log(`${clientId}: ${api} is held back for ${delayMs} ms`)
    count('transaction time-out')
    return { requestDelayMs: delayMs }
  })
  await sleep(clock, 1_000)
  end()
}

// Nobody answers for the end of a transaction until the client gives up: it may have taken place, or not.
async function loseEnds({ network, instances, plan, random, clock, count, log }: FaultContext): Promise<void> {
  const name = random.pick(instances.healthy)?.process?.name
  const isTaken = random.chance(0.5)
  const sign = random.chance(0.8) ? 'disconnect' : 'silence'
  let isCounted = false
  log(`ends of transactions of ${name} get lost, ${isTaken ? 'after' : 'before'} they take effect`)
  const end = network.add(({ api, clientId }) => {
    if (inEitherVersion(api) !== 'endTxn' || clientId !== name) return undefined
    if (!isCounted) count('end of a transaction unknown')
    isCounted = true
    return isTaken ? { dropResponse: sign } : { dropRequest: sign }
  })
  await sleep(clock, plan.config.requestTimeoutMs! + random.below(500))
  end()
}

async function moveLeaders({ cluster, plan, random, count, log }: FaultContext): Promise<void> {
  if (plan.cluster.nodes === 1) return
  for (const topic of ALL_TOPICS) {
    for (let partition = 0; partition < cluster.partitionCount(topic); partition++) {
      if (random.chance(0.3)) cluster.moveLeader(topic, partition, random.between(1, plan.cluster.nodes))
    }
  }
  count('leaders move')
  log('leaders move')
}

async function moveCoordinators({ cluster, plan, random, instances, count, log }: FaultContext): Promise<void> {
  if (plan.cluster.nodes === 1) return
  if (random.chance(0.7)) cluster.moveCoordinator('group', APPLICATION_ID, random.between(1, plan.cluster.nodes))
  for (const id of transactionalIds(plan, instances)) {
    if (random.chance(0.5)) cluster.moveCoordinator('transaction', id, random.between(1, plan.cluster.nodes))
  }
  count('coordinators move')
  log('coordinators move')
}

// ---- disks

async function fillDisk({ instances, disks, random, clock, log }: FaultContext): Promise<void> {
  const slot = random.pick(instances.living)
  if (slot === undefined) return
  const { name } = slot.machine
  disks.full.add(name)
  log(`the disk of ${name} is full`)
  await sleep(clock, random.between(50, 500))
  disks.full.delete(name)
  log(`the disk of ${name} has room again`)
}

async function failBatch({ instances, disks, random }: FaultContext): Promise<void> {
  const slot = random.pick(instances.living)
  if (slot !== undefined) disks.failing.add(slot.machine.name)
}

// Tasks move away from an instance, and what it commits before does not get to its disk.
async function failHandover(context: FaultContext): Promise<void> {
  const { network, instances, disks, random, clock, log } = context
  const slot = random.pick(instances.healthy)
  if (slot === undefined) return
  const name = slot.process!.name
  const end = network.add(({ api, clientId }) => {
    if (api === 'syncGroup' && clientId === name) disks.failing.add(slot.machine.name)
    return undefined
  })
  log(`the disk of ${slot.machine.name} fails with the next rebalance`)
  await join(context)
  await sleep(clock, random.between(500, 1_500))
  end()
}

async function slowDisk({ instances, disks, random, clock, count, log }: FaultContext): Promise<void> {
  const slot = random.pick(instances.living)
  if (slot === undefined) return
  const { name } = slot.machine
  disks.slow.set(name, random.between(5, 300))
  count('slow disk')
  log(`the disk of ${name} is slow`)
  await sleep(clock, random.between(100, 1_000))
  disks.slow.delete(name)
}

// ---- inside

function pickHealthy({ instances, random, crashes }: FaultContext): Slot | undefined {
  const untouched = instances.healthy.filter(({ process }) => !crashes.isArmed(process!))
  return random.pick(untouched)
}

function transactionalIds({ config, workload }: SimulationPlan, { machines }: Instances): readonly string[] {
  if (config.transactionScope === 'instance') return machines.map(({ instanceId }) => `${APPLICATION_ID}-${instanceId}`)
  return [0, 1].flatMap((subtopology) =>
    Array.from({ length: workload.partitions }, (_, partition) => `${APPLICATION_ID}-${subtopology}_${partition}`),
  )
}

/** Whether a client is one of the application, and not the input's or the checker's. */
function isInstance(clientId: string): boolean {
  return clientId.startsWith('m')
}
