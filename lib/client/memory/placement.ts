import { errorCodes } from '../protocol/error-codes.ts'
import type { ClusterSettings } from './settings.ts'

export type CoordinatorType = 'group' | 'transaction'

/** Which node does what: leaders and coordinators are spread by a hash of their names, so that the same names always meet the same nodes. */
export class Placement {
  readonly nodeIds: readonly number[]
  readonly #moved = new Map<string, number>()
  readonly #hasTransactionLog: boolean

  constructor(settings: ClusterSettings) {
    this.nodeIds = Array.from({ length: settings.nodes }, (_, index) => index + 1)
    this.#hasTransactionLog = settings.transactionLogReplicationFactor <= settings.nodes
  }

  isNode(node: number): boolean {
    return Number.isInteger(node) && node >= 1 && node <= this.nodeIds.length
  }

  /** Neighbouring partitions of a topic get neighbouring nodes, as a real controller places them. */
  firstLeader(topic: string, partition: number): number {
    return this.#nodeFor(hash(topic) + partition)
  }

  /** Undefined: there is none, because the transaction log cannot be created. */
  coordinator(type: CoordinatorType, key: string): number | undefined {
    if (type === 'transaction' && !this.#hasTransactionLog) return undefined
    return this.#moved.get(`${type}:${key}`) ?? this.#nodeFor(hash(key))
  }

  moveCoordinator(type: CoordinatorType, key: string, node: number): void {
    this.#moved.set(`${type}:${key}`, node)
  }

  /** NONE if the node coordinates the key; else the error that it answers with. */
  coordinatorError(type: CoordinatorType, key: string, node: number): number {
    const coordinator = this.coordinator(type, key)
    if (coordinator === undefined) return errorCodes.COORDINATOR_NOT_AVAILABLE
    return coordinator === node ? errorCodes.NONE : errorCodes.NOT_COORDINATOR
  }

  #nodeFor(value: number): number {
    return this.nodeIds[value % this.nodeIds.length]!
  }
}

// FNV-1a, 32 bits.
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return value >>> 0
}
