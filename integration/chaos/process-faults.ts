// What is done to the process of an instance.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Admin } from '../../lib/client/client.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import type { FaultLog } from './fault-log.ts'
import type { InstanceProcess } from './instance-process.ts'
import { readPositions } from './stores.ts'
import { APPLICATION_ID } from './topology.ts'

const MAX_DEAD_MS = 2_500
/** One kill in so many is followed by another while the next life starts. */
const KILLS_AT_START = 3
const MAX_START_MS = 2_500
const MAX_PAUSE_AFTER_LOSS_MS = 1_500
/** How long a paused instance is given to be put out of the group. */
const LOSS_LIMIT_MS = 20_000
const POLL_MS = 100

/** How far the stores of an instance were filled when it was killed, to be held against what its next life restores. */
export interface KilledState {
  readonly instance: InstanceProcess
  /** The life after the kill. */
  readonly nextLife: number
  readonly positions: ReadonlyMap<string, number>
}

export interface ProcessFaultContext {
  readonly instance: InstanceProcess
  readonly admin: Admin
  readonly log: FaultLog
  readonly killed: KilledState[]
  /** Numbers in [0, 1) of this fault. */
  readonly random: () => number
}

type ProcessFault = (context: ProcessFaultContext) => Promise<void>

/** kill -9, and a new life over what lies on the disk; sometimes that one is killed, too, while it joins and restores. */
async function kill(context: ProcessFaultContext): Promise<void> {
  const [deadMs, startMs] = [context.random() * MAX_DEAD_MS, context.random() * MAX_START_MS]
  await killAndStart(context, 'kill', deadMs)
  if (context.random() * KILLS_AT_START >= 1) return
  await sleep(systemClock, startMs)
  await killAndStart(context, 'kill at the start', 0)
}

async function killAndStart(
  { instance, log, killed }: ProcessFaultContext,
  kind: string,
  deadMs: number,
): Promise<void> {
  const how = await instance.kill()
  log.happened(kind, instance.name, how === 'SIGKILL' ? how : undefined)
  killed.push({ instance, nextLife: instance.lives + 1, positions: await positionsOfCopy(instance) })
  await sleep(systemClock, deadMs)
  await instance.start()
}

/** kill -9, and a new life on another machine: it has no state, and another name in the group. */
async function killAndLoseState({ instance, log, random }: ProcessFaultContext): Promise<void> {
  const deadMs = random() * MAX_DEAD_MS
  const how = await instance.kill()
  log.happened('kill and lose state', instance.name, how === 'SIGKILL' ? how : undefined)
  instance.loseState()
  await sleep(systemClock, deadMs)
  await instance.start()
}

/** SIGSTOP until the group has put it out, and SIGCONT: it comes back and believes that its tasks are still its own. */
async function zombie({ instance, admin, log, random }: ProcessFaultContext): Promise<void> {
  const moreMs = random() * MAX_PAUSE_AFTER_LOSS_MS
  const before = await membersAt(admin, instance)
  const startMs = systemClock.monotonicMs()
  instance.pause()
  const pausedMs = () => Math.round(systemClock.monotonicMs() - startMs)
  let lostMs: number | undefined
  while (lostMs === undefined && pausedMs() < LOSS_LIMIT_MS) {
    await sleep(systemClock, POLL_MS)
    const now = await membersAt(admin, instance)
    if (now?.length === 0) lostMs = pausedMs()
  }
  if (lostMs !== undefined) await sleep(systemClock, moreMs)
  instance.resume()
  const proof = `out of the group after ${lostMs} ms, woken after ${pausedMs()} ms`
  log.happened('zombie', instance.name, before?.length === 0 || lostMs === undefined ? undefined : proof)
}

export const processFaults: readonly { readonly share: number; readonly fault: ProcessFault }[] = [
  { share: 4, fault: kill },
  { share: 1, fault: killAndLoseState },
  // Windows has no signal that stops a process and lets it go on.
  { share: process.platform === 'win32' ? 0 : 4, fault: zombie },
]

// A look into the files is a start and a clean close of each database: the next life would not find what the kill has left.
async function positionsOfCopy({ stateDir }: InstanceProcess): Promise<ReadonlyMap<string, number>> {
  if (!existsSync(join(stateDir, APPLICATION_ID))) return new Map()
  const copy = `${stateDir}-copy`
  cpSync(stateDir, copy, { recursive: true })
  try {
    return await readPositions(copy)
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** Ids of the group's members that are this instance; undefined: nobody could tell. */
async function membersAt(admin: Admin, { name }: InstanceProcess): Promise<readonly string[] | undefined> {
  try {
    const group = await admin.describeGroup(APPLICATION_ID)
    return group?.members.filter(({ clientId }) => clientId === name).map(({ memberId }) => memberId)
  } catch {
    return undefined
  }
}
