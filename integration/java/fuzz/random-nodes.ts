// A random topology in the making: nodes as data, with what is known of their results.
import type { Chance } from '../../../tests/support/fuzz.ts'
import type { RandomNode } from '../../../tests/topology/oracle/recorded.ts'
import type { InputTopic } from './random-inputs.ts'
import type { KeyType, ValueType } from './random-specs.ts'

export type Kind =
  | 'stream'
  | 'table'
  | 'globalTable'
  | 'groupedStream'
  | 'groupedTable'
  | 'windowedStream'
  | 'cogrouped'
  | 'windowedCogrouped'

export interface Type {
  readonly kind: Kind
  readonly key: KeyType
  readonly value: ValueType
  /** Of windowed keys. */
  readonly windowSize?: number
}

/** What a node gave, for later nodes to take. */
export interface Result extends Type {
  readonly id: string
  /** How far back a versioned table goes. */
  readonly historyMs?: number
  /** Of a table: versioned, or made of such tables and kept in no store of its own. */
  readonly isVersioned?: boolean
  readonly isSession?: boolean
}

export const VALUE_TYPES: readonly ValueType[] = ['string', 'long']

/** The node of a call is made by `add`; one verb after the other looks for results that it can take, and does nothing if there are none. */
export class RandomNodes {
  readonly nodes: RandomNode[] = []
  readonly topics: InputTopic[] = []
  readonly results: Result[] = []
  readonly consumed = new Set<string>()
  /** The topics of each stream. */
  readonly streams: (readonly InputTopic[])[] = []
  readonly chance: Chance
  /** About how long windows are. */
  readonly scaleMs: number
  /** How often this topology uses the optional parts: one in so many times. */
  readonly oneIn: {
    readonly name: number
    readonly store: number
    readonly storeName: number
    readonly versioned: number
  }
  #ids = 0
  #names = 0

  constructor(chance: Chance, scaleMs: number) {
    this.chance = chance
    this.scaleMs = scaleMs
    this.oneIn = {
      name: chance.pick([2, 4, 1_000]),
      store: chance.pick([2, 3]),
      storeName: chance.pick([2, 3]),
      versioned: chance.pick([3, 1_000, 1_000]),
    }
  }

  topic(name: string, value: ValueType): InputTopic {
    const topic = { name, value }
    this.topics.push(topic)
    return topic
  }

  /** @param mayBeNamed - Whether the call can have a name. */
  add(
    op: string,
    inputs: readonly Result[],
    args: Record<string, any> | undefined,
    type: Type | undefined,
    mayBeNamed = false,
  ): Result {
    const id = this.nextId()
    for (const input of inputs) this.consumed.add(input.id)
    const historyMs: number | undefined = args?.store?.versioned
    const isVersioned =
      args?.store === undefined
        ? inputs.length > 0 && inputs.every((input) => input.isVersioned)
        : historyMs !== undefined
    this.nodes.push({
      id,
      op,
      ...(inputs.length > 0 && { in: inputs.map((input) => input.id) }),
      ...(args !== undefined && Object.keys(args).length > 0 && { args }),
      ...(type !== undefined && { out: type }),
      ...(mayBeNamed && this.chance.oneIn(this.oneIn.name) && { named: this.name(op) }),
    })
    const result: Result = {
      ...(type ?? { kind: 'stream', key: 'string', value: 'string' }),
      id,
      ...(historyMs !== undefined && { historyMs }),
      ...(isVersioned && { isVersioned }),
    }
    if (type !== undefined) this.results.push(result)
    return result
  }

  /** One of the results so far, rather a late one. */
  some(matches: (each: Result) => boolean): Result | undefined {
    const found = this.results.filter(matches)
    if (found.length === 0) return undefined
    return this.chance.oneIn(2) ? this.chance.pick(found) : this.chance.pick(found.slice(-3))
  }

  nextId(): string {
    return `n${++this.#ids}`
  }

  name(of: string): string {
    return `${of}-${++this.#names}`
  }
}

export const isStream = ({ kind }: Result): boolean => kind === 'stream'
export const isTable = ({ kind }: Result): boolean => kind === 'table'
export const isPlainStream = ({ kind, key }: Result): boolean => kind === 'stream' && key === 'string'
export const isPlainTable = ({ kind, key }: Result): boolean => kind === 'table' && key === 'string'

export function sameKey(a: Type, b: Type): boolean {
  return a.key === b.key && a.windowSize === b.windowSize
}

export function typeOf({ kind, key, value, windowSize }: Type): Type {
  return { kind, key, value, ...(windowSize !== undefined && { windowSize }) }
}

export function initOf(value: ValueType): number | string {
  return value === 'long' ? 0 : ''
}
