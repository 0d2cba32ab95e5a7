// Responses that can be read and that no broker should send: parts are missing, come twice, in another order, or nobody asked for them; error codes
// are of a newer Kafka; watermarks go back. What is changed says nothing that the client could only believe: offsets, ids and committed errors stay.
import type { MemoryCluster } from '../../../lib/client/memory/index.ts'
import type { ApiName } from '../../../lib/client/protocol/apis.ts'
import type { SendOptions, Wire, WireFactory } from '../../../lib/client/wire.ts'
import type { Chance } from '../../support/fuzz.ts'

const UNKNOWN_CODES = [134, 999, 32_767, -2, -32_768]
/** Codes that may pass, in answer to what may have been done all the same. */
const PASSING_CODES = [3, 5, 6, 7, 14, 15, 16, 41, 51, 72, 76]
/** COORDINATOR_LOAD_IN_PROGRESS, …; ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS. */
const PASSING_IN_GROUPS = new Map<ApiName, readonly number[]>([
  ['joinGroup', [14, 15, 16, 25]],
  ['syncGroup', [14, 15, 16, 22, 25, 27]],
  ['heartbeat', [14, 15, 16, 22, 25, 27]],
  ['offsetCommit', [14, 15, 16, 22, 25, 27]],
  ['offsetFetch', [14, 15, 16, 88]],
])
const WATERMARKS = new Set(['highWatermark', 'lastStableOffset', 'logStartOffset'])
const NODES = new Set(['nodeId', 'leaderId', 'controllerId', 'preferredReadReplica'])
/** Lists whose parts the client cannot miss: without an aborted transaction its records look committed, without a member its partitions look free. */
const BELIEVED = new Set(['abortedTransactions', 'members', 'configs', 'brokers'])
/** What ends a transaction and says that it does not, for a reason that is known, is believed. */
const ONLY_UNKNOWN_CODES = new Set<ApiName>(['endTxn'])

type Node = Record<string, any>

export interface WildOptions {
  readonly chance: Chance
  /** How likely a response is changed, from 0 to 1; asked for each. */
  readonly rate: () => number
  readonly apis?: ReadonlySet<ApiName>
  /** Which error codes are made up: any, or only those that may pass. */
  readonly codes?: 'any' | 'passing'
}

/** Wires to a cluster in memory whose responses are changed on their way. */
export class WildWires implements WireFactory {
  readonly #cluster: MemoryCluster
  readonly #clientId: string
  readonly #options: WildOptions
  /** By kind, how often a response was changed. */
  readonly changes: Record<string, number> = {}
  /** By partition, what earlier responses said of it. */
  readonly #earlier = new Map<number, FetchedPart[]>()

  constructor(cluster: MemoryCluster, clientId: string, options: WildOptions) {
    this.#cluster = cluster
    this.#clientId = clientId
    this.#options = options
  }

  open(purpose: Parameters<WireFactory['open']>[0]): Wire {
    const wire = this.#cluster.open(purpose, this.#clientId)
    const send = async (node: any, api: ApiName, request: any, options?: SendOptions): Promise<any> =>
      this.#changed(api, await wire.send(node, api, request, options))
    return { send: send as Wire['send'], close: () => wire.close() }
  }

  #changed(api: ApiName, response: Node): Node {
    const { chance, rate, apis } = this.#options
    if (apis?.has(api) === false || chance.random() >= rate()) return response
    const copy = copied(response) as Node
    for (let i = chance.below(3); i >= 0; i--) this.#change(api, copy)
    return copy
  }

  #change(api: ApiName, response: Node): void {
    const { chance } = this.#options
    const places = placesIn(response, api)
    const place = chance.pick(places)
    const kind = place === undefined ? undefined : this.#apply(api, place)
    if (kind !== undefined) this.changes[kind] = (this.changes[kind] ?? 0) + 1
  }

  #apply(api: ApiName, { owner, name }: Place): string | undefined {
    const { chance, codes = 'any' } = this.#options
    const value = owner[name]
    if (Array.isArray(value)) return changeList(owner, name, value, chance)
    if (Buffer.isBuffer(value)) return this.#changeRecords(owner as FetchedPart)
    if (name === 'errorCode') {
      const unknown = ONLY_UNKNOWN_CODES.has(api) || (codes === 'any' && chance.oneIn(2))
      owner[name] = chance.pick(unknown ? UNKNOWN_CODES : (PASSING_IN_GROUPS.get(api) ?? PASSING_CODES))
      return unknown ? 'an unknown code' : 'a passing code'
    }
    if (name === 'throttleTimeMs') owner[name] = chance.pick([-1, -(2 ** 31), 2 ** 31 - 1])
    else if (WATERMARKS.has(name)) owner[name] = chance.pick([-1, -5, 0, 3, 2 ** 53 - 1])
    else if (NODES.has(name)) owner[name] = chance.pick([-1, 77, 2 ** 31 - 1])
    else return undefined
    return name
  }

  // Records of a fetch: those of an earlier response, or of this one twice, or cut off.
  #changeRecords(partition: FetchedPart): string {
    const { chance } = this.#options
    const { partitionIndex, records, abortedTransactions } = partition
    const known = this.#earlier.get(partitionIndex) ?? []
    const earlier = chance.pick([...known, { ...partition }])
    this.#earlier.set(partitionIndex, [...known, { ...partition }].slice(-10))
    const kind = chance.pick(['earlier', 'twice', 'cut', 'none'] as const)
    if (kind === 'earlier' && chance.oneIn(2)) {
      partition.records = earlier.records
      partition.abortedTransactions = earlier.abortedTransactions
    } else if (kind === 'earlier') {
      partition.records = Buffer.concat([records, earlier.records])
      partition.abortedTransactions = [...(abortedTransactions ?? []), ...(earlier.abortedTransactions ?? [])]
    } else if (kind === 'twice') partition.records = Buffer.concat([records, records])
    else if (kind === 'cut') partition.records = records.subarray(0, chance.below(records.length + 1))
    else partition.records = Buffer.alloc(0)
    return `records: ${kind}`
  }
}

/** What a fetch response says of a partition. Which records are aborted is believed, so it stays with them. */
interface FetchedPart {
  readonly partitionIndex: number
  records: Buffer
  abortedTransactions: readonly unknown[] | null
}

interface Place {
  readonly owner: Node
  readonly name: string
}

/** Where something can be changed: lists, record bytes, error codes, and numbers that the client must not rely on. */
function placesIn(value: Node, api: ApiName): Place[] {
  const places: Place[] = []
  for (const [name, field] of Object.entries(value)) {
    if (Array.isArray(field)) {
      if (!BELIEVED.has(name)) places.push({ owner: value, name })
      for (const item of field) if (typeof item === 'object' && item !== null) places.push(...placesIn(item, api))
    } else if (Buffer.isBuffer(field)) {
      if (name === 'records') places.push({ owner: value, name })
    } else if (name === 'throttleTimeMs' || WATERMARKS.has(name) || NODES.has(name)) places.push({ owner: value, name })
    else if (name === 'errorCode' && field === 0) places.push({ owner: value, name })
  }
  return places
}

function changeList(owner: Node, name: string, list: readonly any[], chance: Chance): string | undefined {
  if (list.length === 0) return undefined
  const at = chance.below(list.length)
  const kind = chance.pick(['missing', 'twice', 'empty', 'reversed', 'stranger'] as const)
  if (kind === 'missing') owner[name] = list.toSpliced(at, 1)
  else if (kind === 'twice') owner[name] = [...list, copied(list[at])]
  else if (kind === 'empty') owner[name] = []
  else if (kind === 'reversed') owner[name] = list.toReversed()
  else {
    const stranger = copied(list[at])
    if (typeof stranger !== 'object' || stranger === null) return undefined
    if ('name' in stranger) stranger.name = 'nobody-asked-for-it'
    else if ('partitionIndex' in stranger) stranger.partitionIndex = chance.pick([77, -1, 2 ** 31 - 1])
    else if ('index' in stranger) stranger.index = chance.pick([77, -1, 2 ** 31 - 1])
    else return undefined
    owner[name] = [...list, stranger]
  }
  return `${kind}: ${name}`
}

function copied(value: any): any {
  if (Array.isArray(value)) return value.map(copied)
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copied(field)]))
}
