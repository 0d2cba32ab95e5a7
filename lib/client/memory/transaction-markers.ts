import type { GroupCoordinator } from './group-coordinator.ts'
import type { Placement } from './placement.ts'
import type { ClusterSettings, MarkerWrite } from './settings.ts'
import type { Topics } from './topics.ts'
import type { Participant, Transaction } from './transaction.ts'

export type MarkerType = 'commit' | 'abort'

interface Destination {
  readonly write: MarkerWrite
  readonly participants: Participant[]
}

/** Writes the control markers of an ended transaction, each node in its own time, as brokers do once EndTxn is answered. */
export class TransactionMarkers {
  readonly #settings: ClusterSettings
  readonly #placement: Placement
  readonly #topics: Topics
  readonly #groups: GroupCoordinator

  constructor(settings: ClusterSettings, placement: Placement, topics: Topics, groups: GroupCoordinator) {
    this.#settings = settings
    this.#placement = placement
    this.#topics = topics
    this.#groups = groups
  }

  /** Calls `onWritten` when all nodes have written theirs; at once if there is nothing to write. */
  write(
    transaction: Transaction,
    type: MarkerType,
    { producerId, epoch }: { readonly producerId: number; readonly epoch: number },
    onWritten: () => void,
  ): void {
    const destinations = this.#destinations(transaction)
    let left = destinations.size
    if (left === 0) onWritten()
    for (const { write, participants } of destinations.values()) {
      this.#later(this.#settings.markerDelayMs(write), () => {
        for (const each of participants) this.#writeOne(each, type, producerId, epoch)
        if (--left === 0) onWritten()
      })
    }
  }

  #destinations({ transactionalId, participants }: Transaction): Map<string, Destination> {
    const destinations = new Map<string, Destination>()
    for (const participant of participants.values()) {
      const node = this.#nodeOf(participant)
      const kind = participant.kind === 'group' ? 'offsets' : 'records'
      const key = `${kind} ${node}`
      let destination = destinations.get(key)
      if (destination === undefined) {
        destination = { write: { transactionalId, node, kind }, participants: [] }
        destinations.set(key, destination)
      }
      destination.participants.push(participant)
    }
    return destinations
  }

  #nodeOf(participant: Participant): number {
    if (participant.kind === 'group') return this.#placement.coordinator('group', participant.groupId)!
    return this.#topics.partition(participant.topic, participant.partition)?.leader ?? 1
  }

  #later(delayMs: number, action: () => void): void {
    const { clock } = this.#settings
    if (delayMs > 0) clock.setTimer(delayMs, action)
    else void clock.yield().then(action)
  }

  // A topic that has been deleted since needs no marker.
  #writeOne(participant: Participant, type: MarkerType, producerId: number, epoch: number): void {
    if (participant.kind === 'group') this.#groups.endTransaction(participant.groupId, producerId, epoch, type)
    else this.#topics.partition(participant.topic, participant.partition)?.appendMarker(type, producerId, epoch)
  }
}
