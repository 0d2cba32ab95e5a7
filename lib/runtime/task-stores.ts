// Flow: stream-task → [task-stores] → stores
import type { StateStore } from '../../stores/store.ts'
import type { ChangelogPosition } from '../../stores/task-database.ts'
import { isPromise } from '../../topology/callbacks.ts'
import type { OffsetCommit, PartitionOffset, SentOffsets } from '../client/client.ts'
import { InvariantError } from '../core/errors.ts'
import { partitionKey, type TopicPartition } from '../core/record.ts'
import type { ForwardScope } from './forward.ts'
import type { HeldChangelog } from './held-changelog.ts'

/** A store of a task and the changelog that stands behind it. */
export interface TaskStore {
  readonly store: StateStore
  /** Undefined: nothing is logged, nothing can be restored. */
  readonly changelog: TopicPartition | undefined
  /** Whether its rows lie on disk. */
  readonly isPersistent: boolean
  /** Whether the changelog is an input of the task: nothing is logged to it, and the store holds as much of it as was consumed. */
  readonly isSource: boolean
  /** Whether we delete from the changelog what the store needs no more. */
  readonly isPurged: boolean
  /** What it logs, if that is sent with the commit only. */
  readonly held?: HeldChangelog | undefined
}

/** How often the stores of a task are flushed for one commit before something must be wrong: each time may forward into another store. */
const MAX_FLUSH_PASSES = 1_000

/** The stores of one task, by name, and what of them goes into its commits. Made anew when the task starts over. */
export class TaskStores {
  /** In the order in which their caches are flushed: as far as can be, each before those downstream of it. */
  readonly all: ReadonlyMap<string, TaskStore>
  #consumed: readonly OffsetCommit[] = []
  #sealedNeeds: readonly PartitionOffset[] = []
  #needs: readonly PartitionOffset[] = []

  constructor(all: ReadonlyMap<string, TaskStore>) {
    this.all = all
  }

  /**
   * To be called when the rows are all there.
   *
   * @param positionOf - Up to where a store holds its changelog.
   */
  async open(positionOf: (store: string) => number | undefined): Promise<void> {
    for (const [name, { store, held }] of this.all) {
      held?.begin(positionOf(name))
      await store.open?.()
    }
  }

  /**
   * Flushes every cache. What one forwards, and what an asynchronous node writes meanwhile, may lie in a store that was flushed before it, and belongs to the
   * same commit: so until nothing moves any more.
   */
  async flush(scope: ForwardScope): Promise<void> {
    for (let pass = 0, before = -1; before !== scope.deliveries; pass++) {
      if (pass === MAX_FLUSH_PASSES) throw new InvariantError(`caches are not empty after ${MAX_FLUSH_PASSES} flushes`)
      before = scope.deliveries
      for (const { store } of this.all.values()) {
        const pending = store.flush()
        if (!isPromise(pending) && scope.idle) continue
        await pending
        await scope.settled()
      }
    }
  }

  /** Forgets what the caches hold. */
  discard(): void {
    for (const { store } of this.all.values()) store.discard?.()
  }

  /** To be called with the generation that is sealed. `consumed`: up to which offsets the inputs are done with it. */
  seal(consumed: readonly OffsetCommit[]): void {
    for (const { held } of this.all.values()) held?.seal()
    this.#consumed = consumed
    this.#sealedNeeds = this.#changelogNeeds()
  }

  /** What the sealed generation has logged and is still to be sent: of each store before those upstream of it. */
  get heldChangelogs(): readonly HeldChangelog[] {
    return [...this.all.values()].flatMap(({ held }) => (held?.hasSealed ? held : [])).reverse()
  }

  /** Bytes of what is logged and not sent yet. */
  get heldBytes(): number {
    let bytes = 0
    for (const { held } of this.all.values()) if (held !== undefined) bytes += held.bytes
    return bytes
  }

  /** How far the sealed generation holds each changelog, given what was acknowledged with it; only those that changed. */
  positions(
    sent: SentOffsets,
    changelogIds: ReadonlyMap<string, Omit<ChangelogPosition, 'offset'>>,
  ): ReadonlyMap<string, ChangelogPosition> {
    const consumed = new Map(
      this.#consumed.map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset]),
    )
    const positions = new Map<string, ChangelogPosition>()
    for (const [name, { changelog, isSource, held }] of this.all) {
      if (changelog === undefined) continue
      const key = partitionKey(changelog.topic, changelog.partition)
      const last = sent.get(key)
      const acknowledged = held === undefined ? (last === undefined ? undefined : last + 1) : held.position(last)
      const offset = isSource ? consumed.get(key) : acknowledged
      if (offset !== undefined) positions.set(name, { offset, ...changelogIds.get(changelog.topic)! })
    }
    return positions
  }

  /** Whether a commit would move a position, though nothing was written. */
  get isAhead(): boolean {
    for (const { held } of this.all.values()) if (held?.isAhead) return true
    return false
  }

  /** The offsets that go with the sealed generation are committed. */
  committed(): void {
    for (const { held } of this.all.values()) held?.committed()
  }

  /** The sealed generation is written, and committed if that comes first. */
  written(): void {
    this.#needs = this.#sealedNeeds
  }

  /** Up to where changelogs that are purged are needed no more, as of the last commit. */
  get expiredChangelogs(): readonly PartitionOffset[] {
    return this.#needs
  }

  #changelogNeeds(): readonly PartitionOffset[] {
    const needs: PartitionOffset[] = []
    for (const { store, changelog, isPurged } of this.all.values()) {
      const offset = isPurged ? store.neededChangelogOffset : undefined
      if (changelog !== undefined && offset !== undefined) needs.push({ ...changelog, offset })
    }
    return needs
  }
}
