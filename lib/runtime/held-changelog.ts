// Flow: stores → [held-changelog] → producer, with the commit
//
// At least once, what stores log is not sent as it is logged: with the commit first everything else is sent and acknowledged, then the changelogs, those of
// stores downstream before those upstream of them. So a store that is restored never knows of a result that nobody got: that it has let go of a buffered
// record, has met an id before, or has closed a window. If it did, what is read again after a crash would not bring that result about once more.
import type { StoreContext } from '../../stores/store.ts'
import type { Producer, SentOffsets } from '../client/client.ts'
import { sizeOfRecord } from '../client/producer-record-size.ts'
import type { Clock } from '../core/clock.ts'
import type { TopicPartition } from '../core/record.ts'
import { ChangelogEnd } from './changelog-end.ts'

/** Records that are sent before timers and sockets get their turn. */
const TURN_RECORDS = 4_096
/** What a record costs besides its bytes: an array, and the Buffer objects of key and value. */
const RECORD_BYTES = 250

type LoggedRecord = Parameters<StoreContext['log']>

export interface HeldChangelogOptions extends TopicPartition {
  readonly producer: Producer
  /** Of the producer: a record that it would not take is refused when it is logged. */
  readonly maxRequestBytes: number
  /** Somebody else has written to the changelog since the last commit: so many offsets, before this one. */
  readonly onOthers: (offsets: number, before: number) => void
}

/** What one store has logged and not sent yet, in two generations, as its rows are; bounded with them, see `StreamTask.uncommittedBytes`. */
export class HeldChangelog {
  readonly #options: HeldChangelogOptions
  #active: LoggedRecord[] = []
  #activeBytes = 0
  #sealed: LoggedRecord[] = []
  #sealedBytes = 0
  /** Of the sealed generation. */
  #sentRecords = 0
  readonly #end = new ChangelogEnd()

  constructor(options: HeldChangelogOptions) {
    this.#options = options
  }

  /** Approximate, of both generations. */
  get bytes(): number {
    return this.#activeBytes + this.#sealedBytes
  }

  /** Whether the sealed generation holds anything. */
  get hasSealed(): boolean {
    return this.#sealed.length > 0
  }

  /** @throws RecordTooLargeError `STREAMS_RECORD_TOO_LARGE`: nothing has changed. */
  readonly log: StoreContext['log'] = (key, value, timestamp, headers) => {
    const { topic, maxRequestBytes } = this.#options
    this.#activeBytes += RECORD_BYTES + sizeOfRecord(topic, key, value, headers, maxRequestBytes)
    this.#active.push([key, value, timestamp, headers])
  }

  /** Closes the active generation and starts the next. */
  seal(): void {
    this.#sealed = this.#active
    this.#sealedBytes = this.#activeBytes
    this.#active = []
    this.#activeBytes = 0
    this.#sentRecords = 0
  }

  /** Sends the sealed generation. */
  async send(clock: Clock): Promise<void> {
    const { producer, topic, partition } = this.#options
    const records = this.#sealed
    for (let i = 0; i < records.length; i++) {
      if (i > 0 && i % TURN_RECORDS === 0) await clock.yield()
      producer.send(topic, partition, ...records[i]!)
    }
    this.#sentRecords = records.length
    this.#sealed = []
    this.#sealedBytes = 0
  }

  /** @param position - Up to where the store holds the changelog when its task begins; undefined: it holds nothing. */
  begin(position: number | undefined): void {
    this.#end.begin(position)
  }

  /** Whether a commit would move the position, though nothing was logged. */
  get isAhead(): boolean {
    return this.#end.isAhead
  }

  /** The position to note with the sealed generation, acknowledged up to the offset `last`; undefined: it stays as it is, see changelog-end.ts. */
  position(last: number | undefined): number | undefined {
    const others = this.#end.sent(this.#sentRecords, last)
    if (others > 0) this.#options.onOthers(others, last! + 1)
    return this.#end.note()
  }

  /** The offsets of the sealed generation are committed. */
  committed(): void {
    this.#end.committed()
  }
}

/** Who has changelogs to send, see `StreamTask.heldChangelogs`. */
interface Holder {
  readonly heldChangelogs: readonly HeldChangelog[]
}

/** Whether tasks are this process's. */
export interface Ownership {
  /** Asks the group; rejects with StaleMemberError if they are not. */
  confirm(): Promise<void>
  /** By what is known, and by the time: throws StaleMemberError if they may be another's. */
  readonly require: () => void
}

/**
 * Sends everything that was sent before this call, and then what the sealed generation of these tasks has logged, store by store; resolves when all of it is
 * acknowledged, with the last offsets. Begins within the call.
 *
 * @param ownership - Nothing fences a process that slept, and what it had logged would lie behind what its successor has: so the group is asked before what each store has logged
 *   is sent, and before each request, also one that comes again, whether that was not too long ago. Undefined: there is nobody else.
 */
export async function flushChangelogsLast(
  producer: Producer,
  holders: readonly Holder[],
  clock: Clock,
  ownership?: Ownership,
): Promise<SentOffsets> {
  const sent = new Map(await producer.flush())
  const held = holders.map(({ heldChangelogs }) => heldChangelogs)
  try {
    for (let i = 0; held.some((changelogs) => i < changelogs.length); i++) {
      await ownership?.confirm()
      producer.guard(ownership?.require)
      for (const changelogs of held) await changelogs[i]?.send(clock)
      for (const [partition, offset] of await producer.flush()) sent.set(partition, offset)
    }
  } finally {
    producer.guard(undefined)
  }
  return sent
}
