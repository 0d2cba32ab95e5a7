import type { Timer } from '../../core/clock.ts'
import { partitionKey } from '../../core/record.ts'
import { StateMachine, type Transitions } from '../../core/state-machine.ts'

/** What a transaction writes to: a partition, or the committed offsets of a group. */
export type Participant =
  | { readonly kind: 'partition'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'group'; readonly groupId: string }

export function participantKey(participant: Participant): string {
  if (participant.kind === 'group') return `group ${participant.groupId}`
  return partitionKey(participant.topic, participant.partition)
}

export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

//            ┌────────── PrepareCommit → CompleteCommit ──┐
// Empty → Ongoing                                         ├→ Empty (InitProducerId), Ongoing (the next transaction)
//            └────────── PrepareAbort → CompleteAbort ────┘
// In a Prepare state the outcome is decided and the control markers are on their way.
const transitions: Transitions<TransactionState> = {
  Empty: ['Empty', 'Ongoing'],
  Ongoing: ['Ongoing', 'PrepareCommit', 'PrepareAbort'],
  PrepareCommit: ['CompleteCommit'],
  PrepareAbort: ['CompleteAbort'],
  CompleteCommit: ['Empty', 'Ongoing'],
  CompleteAbort: ['Empty', 'Ongoing'],
}

export const NO_PRODUCER_ID = -1
export const NO_EPOCH = -1
/** The largest epoch that clients see; one more is left for the coordinator to fence with. */
const LAST_EPOCH = 32_766

/** What a coordinator knows of one transactional id. */
export class Transaction {
  readonly transactionalId: string
  producerId: number
  previousProducerId = NO_PRODUCER_ID
  epoch = NO_EPOCH
  /** The epoch before, unless another producer has taken over since: whoever names it is given the current one. */
  lastEpoch = NO_EPOCH
  timeoutMs = 0
  /** When the open transaction began, in epoch milliseconds. */
  startMs = -1
  readonly participants = new Map<string, Participant>()
  timer: Timer | undefined
  readonly #state: StateMachine<TransactionState>

  constructor(transactionalId: string, producerId: number) {
    this.transactionalId = transactionalId
    this.producerId = producerId
    this.#state = new StateMachine<TransactionState>(`Transaction ${transactionalId}`, 'Empty', transitions)
  }

  get state(): TransactionState {
    return this.#state.state
  }

  get isEnding(): boolean {
    return this.#state.is('PrepareCommit', 'PrepareAbort')
  }

  get isEpochExhausted(): boolean {
    return isExhausted(this.epoch)
  }

  transitionTo(next: TransactionState): void {
    this.#state.transitionTo(next)
  }
}

export function isExhausted(epoch: number): boolean {
  return epoch >= LAST_EPOCH
}
