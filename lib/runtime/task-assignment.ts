// Flow: assignor → [task-assignment] → members
import { compareTasks, type TaskId, taskName } from './task-id.ts'

/** What the leader knows of one member when it hands out tasks. */
export interface AssignableMember {
  readonly memberId: string
  /** Tasks that it is running, by name. */
  readonly owned: ReadonlySet<string>
  /** Tasks whose state lies on its disk, by name. */
  readonly stored: ReadonlySet<string>
}

/**
 * Hands out every task: as many to each member as to any other, or one more, and as few moves as that allows. A task stays where it
 * runs; else it goes where its state lies; else to the member with the fewest tasks, first of that sub-topology and then in all, so that
 * heavy sub-topologies spread too. The same input gives the same result in any order of members.
 */
export function assignTasks(
  tasks: readonly TaskId[],
  members: readonly AssignableMember[],
): ReadonlyMap<string, readonly TaskId[]> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const shares = new Map(sorted.map(({ memberId }) => [memberId, [] as TaskId[]]))
  if (sorted.length === 0) return shares
  const floor = Math.floor(tasks.length / sorted.length)
  let larger = tasks.length % sorted.length
  // Who has to let tasks go lets go first of those whose state lies with a member that has room for them: it comes back after a crash.
  const withRoom = sorted.filter(({ owned }) => owned.size < floor)
  const missed = new Set(withRoom.flatMap(({ stored }) => [...stored]))
  const isMissed = (task: TaskId) => Number(missed.has(taskName(task)))
  // Of the others it keeps some of each sub-topology: in their own order it would keep the first one's and none of the last one's.
  let open = [...tasks].sort((left, right) => isMissed(left) - isMissed(right) || comparePartitions(left, right))

  // A share may grow to the floor, and as many shares as there are tasks left over by one more.
  const take = (memberId: string, task: TaskId): boolean => {
    const share = shares.get(memberId)!
    if (share.length > floor || (share.length === floor && larger === 0)) return false
    if (share.length === floor) larger--
    share.push(task)
    return true
  }
  for (const holds of [(member: AssignableMember) => member.owned, (member: AssignableMember) => member.stored]) {
    open = open.filter((task) => {
      const holders = sorted.filter((member) => holds(member).has(taskName(task)))
      return !holders.some(({ memberId }) => take(memberId, task))
    })
  }
  for (const task of open.sort(compareTasks)) {
    const ofSubtopology = (share: readonly TaskId[]) =>
      share.filter(({ subtopology }) => subtopology === task.subtopology).length
    const byLoad = [...shares].sort(([, a], [, b]) => a.length - b.length || ofSubtopology(a) - ofSubtopology(b))
    // The least loaded has room: otherwise the shares would already hold every task.
    byLoad.some(([memberId]) => take(memberId, task))
  }
  for (const share of shares.values()) share.sort(compareTasks)
  return shares
}

function comparePartitions(left: TaskId, right: TaskId): number {
  return left.partition - right.partition || left.subtopology - right.subtopology
}
