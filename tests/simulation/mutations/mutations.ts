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
const TRANSACTION_REQUESTS = 'lib/client/transaction-requests.ts'

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
        find: 'await Promise.all(tasks.map((task) => task.write(sent, changelogIds)))',
        replace: 'void sent',
      },
    ],
  },
  {
    name: 'a commit does not flush the caches',
    edits: [{ file: 'lib/runtime/stream-task.ts', find: 'await this.#stores.flush(this.#scope)', replace: '' }],
  },
  {
    name: 'a commit does not wait for its sends',
    edits: [
      {
        file: 'lib/client/transaction.ts',
        find: 'Promise.allSettled([this.#flushed, ',
        replace: 'Promise.allSettled([Promise.resolve<SentOffsets>(new Map()), ',
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
        file: 'lib/runtime/task-manager.ts',
        find: 'this.#openLane(client.producer({ transactionalId, ',
        replace:
          'this.#openLane(client.producer({ transactionalId: `$' + '{transactionalId}-$' + '{config.clock.now()}`, ',
      },
      {
        file: TRANSACTION_REQUESTS,
        find: 'generationId: group.generation,\n      memberId: group.memberId,\n      groupInstanceId: group.instanceId,',
        replace: "generationId: -1,\n      memberId: '',\n      groupInstanceId: null,",
      },
    ],
  },
  {
    name: 'the generation is not checked',
    edits: [
      {
        file: TRANSACTION_REQUESTS,
        find: 'generationId: group.generation,\n      memberId: group.memberId,\n      groupInstanceId: group.instanceId,',
        replace: "generationId: -1,\n      memberId: '',\n      groupInstanceId: null,",
      },
    ],
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
        file: 'lib/runtime/stream-task.ts',
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
    ],
  },
]
