// The classic bugs of exactly-once, to be planted one at a time: what the simulation is worth shows in how soon it finds each.

export interface Edit {
  /** From the project's root. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

export interface Mutation {
  readonly name: string
  readonly edits: readonly Edit[]
}

const COMMIT_LANE = 'lib/runtime/commit-lane.ts'
const STREAM_TASK = 'lib/runtime/stream-task.ts'
const TASK_MANAGER = 'lib/runtime/task-manager.ts'
const TASK_PROGRESS = 'lib/runtime/task-progress.ts'
const TRANSACTION_REQUESTS = 'lib/client/transaction-requests.ts'

/** Offsets are committed as by nobody, which the group's coordinator takes from anybody. And nobody looks at the request: it is to be found by the harm done. */
const WITHOUT_GENERATION: readonly Edit[] = [
  {
    file: TRANSACTION_REQUESTS,
    find: 'generationId: group.generation,\n      memberId: group.memberId,\n      groupInstanceId: group.instanceId,',
    replace: "generationId: -1,\n      memberId: '',\n      groupInstanceId: null,",
  },
  {
    file: 'lib/testing/simulation/read-check.ts',
    find: "if (request.memberId === '' || request.generationId < 0)",
    replace: 'if (false)',
  },
]

export const mutations: readonly Mutation[] = [
  {
    name: 'offsets are committed outside the transaction',
    edits: [
      {
        file: COMMIT_LANE,
        find: 'const first = this.producer.commit(offsets, group)',
        replace: 'const first = this.producer.commit([], group)',
      },
      {
        file: COMMIT_LANE,
        find: 'const sent = await sending',
        replace:
          "const sent = await sending; if (guarantee === 'exactly_once') await this.#options.member().commit(all)",
      },
    ],
  },
  {
    name: 'the store is written before the transaction has ended',
    edits: [
      {
        file: COMMIT_LANE,
        find: 'const sent = await sending',
        replace:
          'await Promise.all(tasks.map((task) => task.write(new Map(), changelogIds))); const sent = await sending',
      },
      {
        file: COMMIT_LANE,
        find: 'await allEnded(tasks.map((task) => task.write(sent, changelogIds)))',
        replace: 'void sent',
      },
    ],
  },
  {
    name: 'a commit does not flush the caches',
    edits: [{ file: STREAM_TASK, find: 'await this.#stores.flush(this.#scope)', replace: '' }],
  },
  {
    name: 'a commit does not wait for its sends',
    edits: [
      {
        file: 'lib/client/transaction.ts',
        find: 'allEnded([this.#flushed, ',
        replace: 'allEnded([(this.#flushed.catch(() => {}), Promise.resolve<SentOffsets>(new Map())), ',
      },
    ],
  },
  {
    name: 'being fenced is ignored',
    edits: [
      {
        file: COMMIT_LANE,
        find: 'if (error instanceof CommitOutcomeUnknownError) for',
        replace:
          "if ((error as { code?: string }).code === 'STREAMS_PRODUCER_FENCED') return new Map(); if (error instanceof CommitOutcomeUnknownError) for",
      },
    ],
  },
  {
    name: 'predecessors are not fenced',
    edits: [
      {
        file: 'lib/runtime/commit-lanes.ts',
        find: 'this.#openLane(client.producer({ transactionalId, ',
        replace:
          'this.#openLane(client.producer({ transactionalId: `$' + '{transactionalId}-$' + '{config.clock.now()}`, ',
      },
      ...WITHOUT_GENERATION,
    ],
  },
  {
    name: 'the generation is not checked',
    edits: WITHOUT_GENERATION,
  },
  {
    name: 'a restore ends at the last stable offset',
    edits: [
      {
        file: 'lib/runtime/restorer.ts',
        find: "this.#admin.offsets([changelog], 'latest', 'read_uncommitted')",
        replace: "this.#admin.offsets([changelog], 'latest', 'read_committed')",
      },
    ],
  },
  {
    name: 'uncommitted writes outlive an abort',
    edits: [
      {
        file: 'stores/overlay-rows.ts',
        find: 'if (!this.#writing) this.#sealedExpired = []\n    this.#renew()',
        replace: 'if (!this.#writing) this.#sealedExpired = []',
      },
    ],
  },
  {
    name: 'stream times outlive an abort',
    edits: [
      {
        file: STREAM_TASK,
        find: '    this.#progress = new TaskProgress()\n    const queues',
        replace: '    const queues',
      },
    ],
  },
  {
    name: 'aborted records are not filtered',
    edits: [
      {
        file: 'lib/client/protocol/fetched-records.ts',
        find: 'const aborted = !this.#aborted.none && this.#aborted.has(batch)',
        replace: 'const aborted = false',
      },
    ],
  },
  {
    name: 'the changelog position is guessed past the marker',
    edits: [
      {
        file: 'lib/runtime/task-stores.ts',
        find: 'last === undefined ? undefined : last + 1',
        replace: 'last === undefined ? undefined : last + 3',
      },
    ],
  },
  {
    name: 'a commit of unknown outcome is taken for one that took place',
    edits: [
      { file: COMMIT_LANE, find: 'const took = task.isCommitted(committed.values())', replace: 'const took = true' },
    ],
  },
  {
    name: 'offsets that a transaction is about to change are read as they were',
    edits: [{ file: 'lib/client/group-offsets.ts', find: 'requireStable: true,', replace: 'requireStable: false,' }],
  },
  {
    name: 'tasks are not held while their common transaction is cut',
    edits: [
      {
        file: COMMIT_LANE,
        find: "(this.#options.guarantee === 'exactly_once' ? task.isStarted : task.dirty)",
        replace: 'task.dirty',
      },
      // Who has begun meanwhile is held, too: a second look catches what the first one lets pass.
      {
        file: COMMIT_LANE,
        find: 'if (more.length === 0) return [...held]',
        replace: 'if (more.length === 0 || held.size > 0) return [...held]',
      },
    ],
  },
  {
    name: 'the committed offset is one too high',
    edits: [{ file: TASK_PROGRESS, find: 'offset: position,', replace: 'offset: position + 1,' }],
  },
  {
    name: 'the committed offset is one too low',
    edits: [{ file: TASK_PROGRESS, find: 'offset: position,', replace: 'offset: Math.max(0, position - 1),' }],
  },
  {
    name: 'the changelog position is one too low',
    edits: [
      {
        file: 'lib/runtime/task-stores.ts',
        find: 'last === undefined ? undefined : last + 1',
        replace: 'last === undefined ? undefined : last',
      },
    ],
  },
  {
    name: 'a refusal by generation is ignored',
    edits: [
      {
        file: TRANSACTION_REQUESTS,
        find: 'if (staleMember.has(code)) {',
        replace: 'if (staleMember.has(code)) return undefined\n      if (staleMember.has(code)) {',
      },
    ],
  },
  {
    name: 'offsets of tasks that have gone are committed under the new generation',
    edits: [
      {
        file: COMMIT_LANE,
        find: 'if (!tasks.every((task) => this.#options.owns(task))) throw error',
        replace: '',
      },
    ],
  },
  {
    name: 'a partition gets its next owner before the last one has let go',
    edits: [
      {
        file: 'lib/client/cooperative.ts',
        find: '?.every((owner) => owner === memberId) ?? true',
        replace: '?.every(() => true) ?? true',
      },
    ],
  },
  {
    name: 'a store gets what was written after the offsets were taken',
    edits: [
      { file: STREAM_TASK, find: '    this.database.seal()\n', replace: '' },
      {
        file: STREAM_TASK,
        find: '    await this.database.write(',
        replace: '    this.database.seal()\n    await this.database.write(',
      },
    ],
  },
  {
    name: 'expired windows outlive an abort',
    edits: [
      {
        file: 'stores/overlay-rows.ts',
        find: '    this.#expired = []\n    if (!this.#writing) this.#sealedExpired = []\n',
        replace: '',
      },
    ],
  },
  {
    name: 'caches and buffers outlive an abort',
    edits: [
      {
        file: STREAM_TASK,
        find: '    this.#stores.discard()\n    this.#stores = new TaskStores(this.#options.makeStores())\n',
        replace: '',
      },
    ],
  },
  {
    name: 'stream times are not committed',
    edits: [
      { file: TASK_PROGRESS, find: 'operatorTimesMs: this.operatorTimesMs,', replace: 'operatorTimesMs: new Map(),' },
    ],
  },
  {
    name: 'repartition topics are purged up to what is about to be committed',
    edits: [
      {
        file: COMMIT_LANE,
        find: "report('sealed')\n",
        replace: "report('sealed')\n    this.#options.onCommitted(all)\n",
      },
    ],
  },
  {
    name: 'what a failed callback has half done is committed',
    edits: [
      {
        file: STREAM_TASK,
        find: 'if (this.#failure !== undefined || !this.isStarted) return false',
        replace: 'if (!this.isStarted) return false',
      },
      { file: STREAM_TASK, find: '    if (this.#failure !== undefined) throw this.#failure\n', replace: '' },
      { file: TASK_MANAGER, find: '    lane.close()\n', replace: '' },
    ],
  },
  {
    name: 'what given-up tasks have sent is committed with that of the others',
    edits: [
      {
        file: TASK_MANAGER,
        find: 'if (!this.#lanes.isTransactional || !this.#isUsed(lane, without)) return',
        replace: 'if (lane !== undefined) return',
      },
      // A lane whose commit has failed commits nothing more, until its transaction times out and it starts over for that.
      { file: COMMIT_LANE, find: '      this.#failed = true\n', replace: '' },
    ],
  },
  {
    name: 'a producer does not take the epoch to which the end of its transaction was raised',
    edits: [
      {
        file: 'lib/client/producer.ts',
        find: 'if (identity !== undefined) this.#goOnAs(identity)',
        replace: 'void identity',
      },
    ],
  },
  {
    name: 'aggregates lose the times of what is in them',
    edits: [
      {
        file: 'topology/processors/aggregate.ts',
        find: 'Math.max(stored.timestamp, record.timestamp)',
        replace: 'record.timestamp',
      },
    ],
  },
  {
    name: 'at least once, what a process had logged before it slept is sent without a question',
    edits: [
      {
        file: COMMIT_LANE,
        find: 'flushChangelogsLast(this.producer, tasks, clock, this.#ownershipOf(tasks))',
        replace: 'flushChangelogsLast(this.producer, tasks, clock, (void this.#ownershipOf, undefined))',
      },
    ],
  },
]
