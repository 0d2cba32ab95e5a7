/** A task: one sub-topology over one partition number. */
export interface TaskId {
  readonly subtopology: number
  readonly partition: number
}

/** `<sub-topology>_<partition>`, the name of a task's folder, transactional id and log lines. */
export function taskName(task: TaskId): string {
  return `${task.subtopology}_${task.partition}`
}

/** By sub-topology, then by partition. */
export function compareTasks(left: TaskId, right: TaskId): number {
  return left.subtopology - right.subtopology || left.partition - right.partition
}
