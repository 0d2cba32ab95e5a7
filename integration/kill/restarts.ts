// What each restart had to do, and whether that was more than one commit may leave to be done.
import type { ChangelogLog } from './changelog-log.ts'
import type { Replay } from './check-at-least-once.ts'
import type { KilledProcess, Restored } from './killed-process.ts'

/** What a restart has done, as far as it came before the next kill; milliseconds since the process was started. */
export interface Restart {
  readonly number: number
  /** Records read from the changelogs. */
  readonly replayed: number
  /** Records of the last transaction in each of those changelogs: what one commit may leave to be replayed. Undefined: without transactions it does not show there. */
  readonly lastCommit: number | undefined
  /** How long the restore took by the application's own clock: of the partition that took longest. Undefined: it did not come to that. */
  readonly restoreMs: number | undefined
  readonly runningMs: number | undefined
  /** Until its first record is in process. */
  readonly processingMs: number | undefined
}

export class Restarts {
  readonly all: Restart[] = []
  /** Partitions of which more was replayed than their last transaction holds. */
  readonly excesses: string[] = []
  /** Without transactions: what was replayed before the first record. */
  readonly replays: Replay[] = []
  readonly #changelogs: readonly ChangelogLog[]

  /** @param changelogs - By partition; read from before the first kill on. None: there are no transactions. */
  constructor(changelogs: readonly ChangelogLog[]) {
    this.#changelogs = changelogs
  }

  /** Takes down what the life after kill `number` has done until now. */
  async add(number: number, life: KilledProcess): Promise<Restart> {
    await Promise.all(this.#changelogs.map((changelog) => changelog.advance()))
    let lastCommit = this.#changelogs.length === 0 ? undefined : 0
    for (const restored of life.restored) {
      const { partition, records, atMs } = restored
      if (lastCommit === undefined) {
        this.#addReplay(number, life, restored)
        continue
      }
      // While it restored nobody could commit: what was last committed by then is what the life before had committed last.
      const last = this.#changelogs[partition]!.lastCommittedBy(atMs)?.records ?? 0
      lastCommit += last
      if (records > last)
        this.excesses.push(
          `restart ${number} replayed ${records} records of partition ${partition}, last commit: ${last}`,
        )
    }
    const since = (ms: number | undefined) => (ms === undefined ? undefined : ms - life.startedMs)
    const restoreTimes = life.restored.map(({ ms }) => ms)
    const restart: Restart = {
      number,
      replayed: life.restored.reduce((sum, { records }) => sum + records, 0),
      lastCommit,
      restoreMs: restoreTimes.length === 0 ? undefined : Math.max(...restoreTimes),
      runningMs: since(life.runningMs),
      processingMs: since(life.processingMs),
    }
    this.all.push(restart)
    return restart
  }

  #addReplay(restart: number, life: KilledProcess, { partition, startingOffset, records }: Restored): void {
    const inputTimestamp = life.processing.find((first) => first.partition === partition)?.timestamp
    // Killed before it had a record: nobody can tell where its input began.
    if (startingOffset === undefined || inputTimestamp === undefined) return
    this.replays.push({ restart, partition, startingOffset, records, inputTimestamp })
  }

  /** How long a restart takes until its first record, in the median of those that came so far; undefined before the first. */
  get usualStartMs(): number | undefined {
    const known = this.all.flatMap(({ processingMs }) => processingMs ?? []).toSorted((a, b) => a - b)
    return known[known.length >> 1]
  }

  /** Transactions in the changelogs since the first kill was near. */
  get transactions(): { readonly committed: number; readonly aborted: number } {
    return {
      committed: this.#changelogs.reduce((sum, { committed }) => sum + committed.length, 0),
      aborted: this.#changelogs.reduce((sum, { aborted }) => sum + aborted, 0),
    }
  }
}
