import type { Exchange, Fault } from '../../client/memory/faults.ts'
import type { MemoryCluster } from '../../client/memory/index.ts'
import type { Random } from './random.ts'

/** Requests that a network may deliver twice without breaking the protocol: what comes twice was sent twice, one right after the other. */
const REPEATABLE = new Set([
  'produce',
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'txnOffsetCommit',
  'endTxn',
  'offsetCommit',
  'heartbeat',
  'syncGroup',
])

/** Something that is wrong with the network for a time. Undefined: not with this request. */
export type Weather = (exchange: Exchange) => Fault | undefined

/** What goes wrong between the processes and the cluster. */
export class Network {
  readonly #random: Random
  readonly #count: (kind: string) => void
  readonly #weathers = new Set<Weather>()
  #duplicateRate = 0

  constructor(cluster: MemoryCluster, random: Random, count: (kind: string) => void) {
    this.#random = random
    this.#count = count
    cluster.intercept((exchange) => this.#faultOf(exchange))
  }

  /** Returns how to end it. */
  add(weather: Weather): () => void {
    this.#weathers.add(weather)
    return () => void this.#weathers.delete(weather)
  }

  /** Everything is well from now on. */
  clear(): void {
    this.#weathers.clear()
    this.#duplicateRate = 0
  }

  duplicate(rate: number): void {
    this.#duplicateRate = rate
  }

  /** Whether a request is to be sent twice. */
  duplicates(api: string): boolean {
    if (this.#duplicateRate === 0 || !REPEATABLE.has(api) || !this.#random.chance(this.#duplicateRate)) return false
    this.#count('request twice')
    return true
  }

  /** Loses requests and answers at this rate. */
  losing(rate: number, isHit: (exchange: Exchange) => boolean): Weather {
    const random = this.#random
    return (exchange) => {
      if (!isHit(exchange) || !random.chance(rate)) return undefined
      const sign = random.chance(0.8) ? 'disconnect' : 'silence'
      if (random.chance(0.5)) {
        this.#count('request lost')
        return { dropRequest: sign }
      }
      const onResponse = (): undefined => this.#count('answer lost') as undefined
      return { dropResponse: sign, onResponse }
    }
  }

  /** Holds back requests, or their answers. */
  slow(maxDelayMs: number, isHit: (exchange: Exchange) => boolean): Weather {
    const random = this.#random
    return (exchange) => {
      if (!isHit(exchange)) return undefined
      this.#count('slow answer')
      const delayMs = random.below(maxDelayMs)
      return random.chance(0.5) ? { requestDelayMs: delayMs } : { responseDelayMs: delayMs }
    }
  }

  #faultOf(exchange: Exchange): Fault | undefined {
    for (const weather of this.#weathers) {
      const fault = weather(exchange)
      if (fault !== undefined) return fault
    }
    return undefined
  }
}
