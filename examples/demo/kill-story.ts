// What happens to the three in the middle of their work: one is killed, the others take over, it comes back.
import { type Board, taskList, without } from './board.ts'
import type { InstanceProcess } from './instance-process.ts'
import type { InstanceSnapshot } from './snapshot.ts'
import { count } from './text.ts'
import { until } from './wait.ts'

/** The victim dies when so much is counted, and comes back when so much is, and no earlier than the others have its tasks. */
const KILL_AT = 0.25
const RETURN_AT = 0.55
/** No more is produced than this before it is back: on a slow machine too, all of it happens while there is work. */
export const HOLD_AT = 0.85

export interface Story {
  readonly board: Board
  readonly instances: readonly InstanceProcess[]
  readonly taskCount: number
  readonly signal: AbortSignal
  readonly sessionMs: number
  /** The part of all flights that is in the committed results, from 0 to 1. */
  readonly counted: () => number
}

/** Kills an instance that keeps state with SIGKILL, and starts it again on the same state directory. */
export async function killAndReturn(story: Story): Promise<void> {
  const { board, instances, signal, counted, taskCount } = story
  const wait = (what: string, holds: () => boolean) => until(what, holds, { signal })

  await wait('a part of the flights is counted', () => counted() >= KILL_AT)
  const victim = mostInstructive(board, instances)
  const lost = board.instance(victim.name)
  const pid = victim.pid
  const ending = await victim.kill()
  board.killed(victim.name)
  board.event(`${victim.name} killed with ${ending} (pid ${pid}) while it ran ${taskList(lost.tasks)}`, 'bad')

  board.event(`the group misses it when its session of ${story.sessionMs / 1_000} s is over`)
  await wait('the others have its tasks', () => tasksOf(board.instances) === taskCount)
  board.event(`the others have taken over the tasks of ${victim.name} and go on`, 'good')
  await wait('more is counted', () => counted() >= RETURN_AT)

  board.starts(victim.name)
  victim.start()
  board.event(`${victim.name} starts again on the state directory that it left (pid ${victim.pid})`)
  await wait(`${victim.name} is back`, () => {
    const { state, tasks } = board.instance(victim.name)
    return state === 'RUNNING' && tasks.length > 0 && tasksOf(board.instances) === taskCount
  })
  // The state that it left behind spares it all but the end of a changelog, where it gets the same tasks again.
  const { restored, tasks } = board.instance(victim.name)
  const since = without(tasks, lost.tasks).length === 0 ? ' written since' : ''
  board.event(`${victim.name} is back with ${taskList(tasks)}: restored ${count(restored)} records${since}`, 'good')
}

// One with state that somebody must restore; if possible also with flights, which it has sent on and not committed.
function mostInstructive(board: Board, instances: readonly InstanceProcess[]): InstanceProcess {
  const worth = ({ name }: InstanceProcess) => {
    const { tasks } = board.instance(name)
    const totals = tasks.filter(({ stage }) => stage === 'totals').length
    return totals > 0 && totals < tasks.length ? tasks.length + totals : totals
  }
  return instances.reduce((most, instance) => (worth(instance) > worth(most) ? instance : most))
}

function tasksOf(instances: readonly InstanceSnapshot[]): number {
  return instances.reduce((sum, { tasks }) => sum + tasks.length, 0)
}
