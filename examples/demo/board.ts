// Flow: reports of the instances, events of the story → [board] → snapshots → view.
import { Rate } from './rate.ts'
import type { DemoTask, Report } from './reports.ts'
import type { EventSnapshot, InstanceSnapshot } from './snapshot.ts'
import { count } from './text.ts'

const MAX_EVENTS = 1_000

export type Tone = EventSnapshot['tone']

interface InstanceState {
  state: string
  tasks: readonly DemoTask[]
  rate: Rate
  commits: number
  /** Of the lives that this instance had before. */
  earlierCommits: number
  restored: number
}

/** Remembers what the instances have reported last, and what has happened. */
export class Board {
  readonly events: EventSnapshot[] = []
  readonly #startMs = performance.now()
  readonly #instances = new Map<string, InstanceState>()
  readonly #onEvent: (event: EventSnapshot) => void

  /** @param onEvent - Called for each event as it happens. */
  constructor(onEvent: (event: EventSnapshot) => void = () => {}) {
    this.#onEvent = onEvent
  }

  get seconds(): number {
    return (performance.now() - this.#startMs) / 1_000
  }

  get commits(): number {
    return [...this.#instances.values()].reduce((sum, { commits, earlierCommits }) => sum + commits + earlierCommits, 0)
  }

  get instances(): readonly InstanceSnapshot[] {
    return [...this.#instances].map(([name, { state, tasks, rate, commits, earlierCommits, restored }]) => ({
      name,
      state,
      tasks,
      rate: rate.perSecond,
      commits: commits + earlierCommits,
      restored,
    }))
  }

  instance(name: string): InstanceSnapshot {
    return this.instances.find((instance) => instance.name === name)!
  }

  /** A new life of an instance begins. */
  starts(name: string): void {
    const { commits = 0, earlierCommits = 0 } = this.#instances.get(name) ?? {}
    this.#instances.set(name, {
      state: 'STARTING',
      tasks: [],
      rate: new Rate(),
      commits: 0,
      earlierCommits: commits + earlierCommits,
      restored: 0,
    })
  }

  killed(name: string): void {
    const instance = this.#instances.get(name)!
    instance.state = 'KILLED'
    instance.tasks = []
    instance.rate.reset()
  }

  report(name: string, report: Report): void {
    const instance = this.#instances.get(name)!
    switch (report.kind) {
      case 'state':
        instance.state = report.state
        break
      case 'tasks':
        this.#tasksChanged(name, instance, report.tasks)
        break
      case 'restored':
        instance.restored += report.records
        if (report.records > 0)
          this.event(
            `${name} restored ${count(report.records)} records of totals ${report.partition} in ${report.ms} ms`,
          )
        break
      case 'counters':
        instance.rate.add(performance.now(), report.processed)
        instance.commits = report.commits
        break
      case 'log':
        this.event(`${name} ${report.level}: ${report.message}`, 'log')
        break
      case 'failed':
        this.event(`${name} failed: ${report.message}`, 'bad')
    }
  }

  event(text: string, tone: Tone = 'plain'): void {
    const event = { seconds: this.seconds, text, tone }
    this.events.push(event)
    if (this.events.length > MAX_EVENTS) this.events.shift()
    this.#onEvent(event)
  }

  #tasksChanged(name: string, instance: InstanceState, tasks: readonly DemoTask[]): void {
    const before = instance.tasks
    instance.tasks = tasks
    const came = without(tasks, before)
    const went = without(before, tasks)
    if (came.length > 0) this.event(`${name} gets ${taskList(came)}`)
    if (went.length > 0) this.event(`${name} hands over ${taskList(went)}`)
  }
}

/** The tasks of one list that are not in the other. */
export function without(tasks: readonly DemoTask[], others: readonly DemoTask[]): readonly DemoTask[] {
  return tasks.filter(
    (task) => !others.some(({ stage, partition }) => stage === task.stage && partition === task.partition),
  )
}

/** flights 0 2, totals 1 */
export function taskList(tasks: readonly DemoTask[]): string {
  const stages = (['flights', 'totals'] as const).map((stage) => {
    const partitions = tasks.filter((task) => task.stage === stage).map(({ partition }) => partition)
    return partitions.length === 0 ? '' : `${stage} ${partitions.sort((a, b) => a - b).join(' ')}`
  })
  return stages.filter((text) => text !== '').join(', ')
}
