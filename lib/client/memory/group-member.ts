import type { Timer } from '../../core/clock.ts'
import type { RequestOf, ResponseOf } from '../protocol/apis.ts'

export type JoinRequest = RequestOf<'joinGroup'>
export type JoinResponse = ResponseOf<'joinGroup'>
export type SyncResponse = ResponseOf<'syncGroup'>
export type Protocols = JoinRequest['protocols']

export const NO_ASSIGNMENT = Buffer.alloc(0)

/** One member of a group, with the requests of it that the coordinator has parked. */
export class GroupMember {
  readonly memberId: string
  /** Null: a dynamic member. */
  readonly instanceId: string | null
  readonly clientId: string
  protocols: Protocols
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  assignment: Buffer = NO_ASSIGNMENT
  /** Until the first rebalance that it took part in is over: it cannot send heartbeats yet. */
  isNew = false
  sessionTimer: Timer | undefined
  #join: ((response: JoinResponse) => void) | undefined
  #sync: ((response: SyncResponse) => void) | undefined

  constructor(memberId: string, clientId: string, request: JoinRequest) {
    this.memberId = memberId
    this.instanceId = request.groupInstanceId
    this.clientId = clientId
    this.protocols = request.protocols
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    this.sessionTimeoutMs = request.sessionTimeoutMs
  }

  get awaitsJoin(): boolean {
    return this.#join !== undefined
  }

  /** A parked request shows that the member lives. */
  get isHeardOf(): boolean {
    return !this.isNew && (this.#join !== undefined || this.#sync !== undefined)
  }

  /** Takes over what a JoinGroup says. An earlier one that is still parked is never answered, as on a real broker. */
  update(request: JoinRequest, join: (response: JoinResponse) => void): void {
    this.protocols = request.protocols
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    this.sessionTimeoutMs = request.sessionTimeoutMs
    this.#join = join
  }

  parkSync(sync: (response: SyncResponse) => void): void {
    this.#sync = sync
  }

  answerJoin(response: JoinResponse): void {
    const join = this.#join
    this.#join = undefined
    join?.(response)
  }

  /** False: no SyncGroup was parked. */
  answerSync(response: SyncResponse): boolean {
    const sync = this.#sync
    this.#sync = undefined
    sync?.(response)
    return sync !== undefined
  }

  /** Whether a JoinGroup says nothing new. */
  matches(protocols: Protocols): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, index) => {
        const mine = this.protocols[index]!
        return mine.name === name && mine.metadata.equals(metadata)
      })
    )
  }

  supports(protocol: string): boolean {
    return this.protocols.some(({ name }) => name === protocol)
  }

  metadata(protocol: string): Buffer {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_ASSIGNMENT
  }
}

export function joinError(errorCode: number, memberId: string): JoinResponse {
  return { throttleTimeMs: 0, errorCode, generationId: -1, protocolName: '', leader: '', memberId, members: [] }
}

export function syncResponse(errorCode: number, assignment: Buffer = NO_ASSIGNMENT): SyncResponse {
  return { throttleTimeMs: 0, errorCode, assignment }
}
