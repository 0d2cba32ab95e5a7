// Makes a random topology as data: the nodes that tests/golden/random-topology.ts and oracle/RandomTopology.java build.

import type { Chance } from '../../../tests/support/fuzz.ts'
import type { RandomNode } from '../../../tests/topology/oracle/recorded.ts'
import type { InputTopic } from './random-inputs.ts'
import type { KeyType, ValueType } from './random-specs.ts'
import * as specs from './random-specs.ts'

type Kind =
  | 'stream'
  | 'table'
  | 'globalTable'
  | 'groupedStream'
  | 'groupedTable'
  | 'windowedStream'
  | 'cogrouped'
  | 'windowedCogrouped'

interface Type {
  readonly kind: Kind
  readonly key: KeyType
  readonly value: ValueType
  readonly windowSize?: number
}

/** What a node gave, for later nodes to take. */
interface Result extends Type {
  readonly id: string
  /** How far back a versioned table goes. */
  readonly historyMs?: number
  readonly isSession?: boolean
}

const VALUE_TYPES: readonly ValueType[] = ['string', 'long']
const MAX_SOURCES = 4
const MAX_VERBS = 16
const WINDOWS_WITHOUT_END_MS = Number.MAX_SAFE_INTEGER

export class RandomTopologyData {
  readonly nodes: RandomNode[] = []
  readonly topics: InputTopic[] = []
  readonly #chance: Chance
  readonly #scaleMs: number
  readonly #results: Result[] = []
  readonly #consumed = new Set<string>()
  /** The topics of each stream. */
  readonly #streams: (readonly InputTopic[])[] = []
  /** Which of the optional parts a case is inclined to use: one in so many. */
  readonly #oneIn: {
    readonly name: number
    readonly store: number
    readonly storeName: number
    readonly versioned: number
  }
  #names = 0

  /** @param scaleMs - About how long windows are. */
  constructor(chance: Chance, scaleMs: number) {
    this.#chance = chance
    this.#scaleMs = scaleMs
    this.#oneIn = {
      name: chance.pick([2, 4, 1_000]),
      store: chance.pick([2, 3]),
      storeName: chance.pick([2, 3]),
      versioned: chance.pick([3, 1_000, 1_000]),
    }
    this.#sources()
    const verbs = this.#verbs()
    const count = 2 + chance.below(MAX_VERBS)
    for (let i = 0; i < count; i++) chance.pick(verbs)()
    this.#sinks()
  }

  // Sources

  #sources(): void {
    const chance = this.#chance
    const count = 1 + chance.below(MAX_SOURCES)
    for (let i = 0; i < count; i++) this.#source()
  }

  #source(): void {
    const chance = this.#chance
    if (this.#streams.length > 0 && chance.oneIn(6)) {
      // Java merges two sources of the same topics.
      this.#stream(chance.pick(this.#streams))
      return
    }
    const topic = this.#topic(`in-${this.topics.length}`, chance.pick(VALUE_TYPES))
    const { name, value } = topic
    switch (chance.below(8)) {
      case 0:
      case 1:
      case 2:
        this.#table(topic)
        return
      case 3:
        this.#add(
          'globalTable',
          [],
          { topic: name, ...this.#globalStore() },
          { kind: 'globalTable', key: 'string', value },
        )
        return
      case 4:
        this.#stream([topic, this.#topic(`in-${this.topics.length}`, value)])
        return
      default:
        this.#stream([topic])
    }
  }

  #stream(topics: readonly InputTopic[]): void {
    const type: Type = { kind: 'stream', key: 'string', value: topics[0]!.value }
    this.#streams.push(topics)
    this.#add('stream', [], { topics: topics.map(({ name }) => name) }, type, true)
  }

  #table({ name, value }: InputTopic): void {
    const type: Type = { kind: 'table', key: 'string', value }
    this.#add('table', [], { topic: name, ...this.#store(type) }, type, true)
  }

  #topic(name: string, value: ValueType): InputTopic {
    const topic = { name, value }
    this.topics.push(topic)
    return topic
  }

  // Verbs: each does nothing if what it needs is not there.

  #verbs(): (() => void)[] {
    const often = (times: number, verb: () => void) => Array.from({ length: times }, () => verb)
    return [
      ...often(3, () => this.#filter()),
      ...often(3, () => this.#mapValues()),
      ...often(6, () => this.#streamVerb()),
      ...often(1, () => this.#split()),
      ...often(1, () => this.#repartition()),
      ...often(2, () => this.#toTable()),
      ...often(3, () => this.#toStream()),
      ...often(2, () => this.#mid()),
      ...often(4, () => this.#aggregateStream()),
      ...often(5, () => this.#aggregateWindows()),
      ...often(3, () => this.#aggregateTable()),
      ...often(2, () => this.#cogroup()),
      ...often(3, () => this.#suppress()),
      ...often(4, () => this.#joinStreams()),
      ...often(3, () => this.#joinTable()),
      ...often(1, () => this.#joinGlobal()),
      ...often(4, () => this.#joinTables()),
      ...often(3, () => this.#joinForeignKey()),
      ...often(1, () => this.#processValues()),
      ...often(1, () => this.#process()),
    ]
  }

  #filter(): void {
    const input = this.#some((each) => each.kind === 'stream' || each.kind === 'table')
    if (input === undefined) return
    const type = typeOf(input)
    const args = { fn: specs.predicate(this.#chance, input.value), ...this.#optionalStore(input, type) }
    this.#add(this.#chance.pick(['filter', 'filter', 'filterNot']), [input], args, type, true)
  }

  #mapValues(): void {
    const input = this.#some((each) => each.kind === 'stream' || each.kind === 'table')
    if (input === undefined) return
    const type = { ...typeOf(input), value: this.#chance.pick(VALUE_TYPES) }
    const fn = specs.valueFunction(this.#chance, input.value, type.value)
    this.#add('mapValues', [input], { fn, ...this.#optionalStore(input, type) }, type, true)
  }

  #streamVerb(): void {
    const chance = this.#chance
    const input = this.#some(isStream)
    if (input === undefined) return
    const { value } = input
    const key = specs.keyFunction(chance, input.key, value)
    const rekeyed: Type = { kind: 'stream', key: 'string', value }
    switch (chance.pick(['map', 'selectKey', 'selectKey', 'flatMapValues', 'flatMap', 'peek', 'merge'])) {
      case 'map': {
        const to = chance.pick(VALUE_TYPES)
        this.#add(
          'map',
          [input],
          { key, value: specs.valueFunction(chance, value, to) },
          { ...rekeyed, value: to },
          true,
        )
        return
      }
      case 'selectKey':
        this.#add('selectKey', [input], { key }, rekeyed, true)
        return
      case 'flatMapValues':
        this.#add('flatMapValues', [input], { fn: specs.listFunction(chance, value) }, typeOf(input), true)
        return
      case 'flatMap':
        this.#add('flatMap', [input], { fn: specs.pairFunction(chance, input.key, value) }, rekeyed, true)
        return
      case 'peek':
        this.#add('peek', [input], undefined, typeOf(input), true)
        return
      default: {
        const other = this.#some((each) => isStream(each) && sameKey(each, input) && each.value === value)
        if (other !== undefined) this.#add('merge', [input, other], undefined, typeOf(input), true)
      }
    }
  }

  #split(): void {
    const chance = this.#chance
    const input = this.#some(isStream)
    if (input === undefined) return
    const branch = () => {
      const id = this.#nextId()
      this.#results.push({ ...typeOf(input), id })
      return { id, ...(chance.oneIn(this.#oneIn.name) && { name: this.#name('branch') }) }
    }
    const branches = Array.from({ length: 1 + chance.below(2) }, () => ({
      ...branch(),
      fn: specs.predicate(chance, input.value),
    }))
    this.#add('split', [input], { branches, ...(!chance.oneIn(3) && { default: branch() }) }, undefined, true)
  }

  #repartition(): void {
    const input = this.#some(isPlainStream)
    if (input !== undefined) this.#add('repartition', [input], undefined, typeOf(input), true)
  }

  #toTable(): void {
    const input = this.#some(isPlainStream)
    if (input === undefined) return
    const type: Type = { ...typeOf(input), kind: 'table' }
    this.#add('toTable', [input], { store: this.#storeOptions(type) }, type, true)
  }

  #toStream(): void {
    const input = this.#some(isTable)
    if (input === undefined) return
    const type: Type = { ...typeOf(input), kind: 'stream' }
    if (this.#chance.oneIn(4)) {
      const key = specs.keyFunction(this.#chance, input.key, input.value)
      this.#add('toStream', [input], { key }, { kind: 'stream', key: 'string', value: input.value }, true)
    } else this.#add('toStream', [input], undefined, type, true)
  }

  /** Through a topic and back. */
  #mid(): void {
    const input = this.#some(isPlainStream)
    if (input === undefined) return
    const topic = this.#topic(`mid-${this.topics.length}`, input.value)
    this.#add('to', [input], { topic: topic.name }, undefined, true)
    if (this.#chance.oneIn(3)) this.#table(topic)
    else this.#stream([topic])
  }

  #aggregateStream(): void {
    const grouped = this.#grouped()
    if (grouped !== undefined) this.#aggregate(grouped, { kind: 'table', key: 'string', value: grouped.value })
  }

  #aggregateWindows(): void {
    const grouped = this.#grouped()
    if (grouped === undefined) return
    const { args, result } = this.#windows(false)
    const windowed = this.#add('windowedBy', [grouped], args, {
      ...result,
      kind: 'windowedStream',
      value: grouped.value,
    })
    this.#aggregate(
      { ...windowed, isSession: result.key === 'sessionWindowed' },
      { ...result, kind: 'table', value: grouped.value },
      args,
    )
  }

  #aggregateTable(): void {
    const chance = this.#chance
    const input = this.#some(isTable)
    if (input === undefined) return
    const value = chance.pick(VALUE_TYPES)
    const args = {
      key: specs.keyFunction(chance, input.key, input.value),
      value: specs.valueFunction(chance, input.value, value),
    }
    const grouped = this.#add('groupBy', [input], args, { kind: 'groupedTable', key: 'string', value }, true)
    const type: Type = { kind: 'table', key: 'string', value }
    switch (chance.below(3)) {
      case 0:
        this.#add('count', [grouped], this.#store({ ...type, value: 'long' }), { ...type, value: 'long' }, true)
        return
      case 1: {
        const store = this.#store(type)
        const functions = { adder: specs.reducer(chance, value), subtractor: specs.reducer(chance, value) }
        this.#add('reduce', [grouped], { ...functions, ...store }, type, store.store !== undefined)
        return
      }
      default: {
        const to = chance.pick(VALUE_TYPES)
        const functions = {
          adder: specs.aggregator(chance, value, to),
          subtractor: specs.subtractor(chance, value, to),
        }
        const result = { ...type, value: to }
        this.#add(
          'aggregate',
          [grouped],
          { init: initOf(to), ...functions, store: this.#storeOptions(result) },
          result,
          true,
        )
      }
    }
  }

  #cogroup(): void {
    const chance = this.#chance
    const groups = Array.from({ length: 2 + chance.below(2) }, () => this.#grouped()).filter(
      (each) => each !== undefined,
    )
    const different = [...new Map(groups.map((each) => [each.id, each])).values()]
    if (different.length < 2) return
    const value = chance.pick(VALUE_TYPES)
    const aggregators = different.map((each) => specs.aggregator(chance, each.value, value))
    const cogrouped = this.#add('cogroup', different, { aggregators }, { kind: 'cogrouped', key: 'string', value })
    const plain: Type = { kind: 'table', key: 'string', value }
    if (chance.oneIn(2)) {
      this.#add('aggregate', [cogrouped], { init: initOf(value), store: this.#storeOptions(plain) }, plain, true)
      return
    }
    const { args, result } = this.#windows(true)
    const windowed = this.#add('windowedBy', [cogrouped], args, { ...result, kind: 'windowedCogrouped', value })
    const type: Type = { ...result, kind: 'table', value }
    const merger = result.key === 'sessionWindowed' ? { merger: specs.merger(chance, value) } : {}
    const store = this.#storeOptions(type, retentionLeast(args))
    this.#add('aggregate', [windowed], { init: initOf(value), ...merger, store }, type, true)
  }

  #grouped(): Result | undefined {
    const chance = this.#chance
    if (chance.oneIn(6)) {
      const again = this.#some((each) => each.kind === 'groupedStream')
      if (again !== undefined) return again
    }
    const input = this.#some(isStream)
    if (input === undefined) return undefined
    const type: Type = { kind: 'groupedStream', key: 'string', value: input.value }
    if (input.key === 'string' && chance.oneIn(2)) return this.#add('groupByKey', [input], undefined, type, true)
    return this.#add('groupBy', [input], { key: specs.keyFunction(chance, input.key, input.value) }, type, true)
  }

  #windows(cogrouped: boolean): {
    readonly args: Record<string, any>
    readonly result: Pick<Type, 'key' | 'windowSize'>
  } {
    const chance = this.#chance
    const size = 1 + chance.below(2 * this.#scaleMs)
    const grace = chance.pick([0, 0, chance.below(this.#scaleMs), chance.below(4 * this.#scaleMs)])
    const emit = !cogrouped && chance.oneIn(3) ? { emit: 'onWindowClose' } : {}
    const windowSize = { key: 'timeWindowed' as const, windowSize: size }
    switch (chance.below(10)) {
      case 0:
      case 1:
      case 2:
        return { args: { type: 'tumbling', size, grace, ...emit }, result: windowSize }
      case 3:
      case 4: {
        const advance = Math.max(1, Math.floor(size / (1 + chance.below(4))))
        return { args: { type: 'hopping', size, advance, grace, ...emit }, result: windowSize }
      }
      case 5:
      case 6:
        return { args: { type: 'sliding', size, grace, ...emit }, result: windowSize }
      case 7:
        return {
          args: { type: 'unlimited', start: chance.pick([0, 10, 1_000]) },
          result: { key: 'timeWindowed', windowSize: WINDOWS_WITHOUT_END_MS },
        }
      default: {
        const gap = 1 + chance.below(this.#scaleMs)
        return { args: { type: 'session', gap, grace, ...emit }, result: { key: 'sessionWindowed' } }
      }
    }
  }

  /** Counts, reduces or aggregates a grouped or windowed stream. */
  #aggregate(grouped: Result, type: Type, windows?: Record<string, any>): void {
    const chance = this.#chance
    const least = windows === undefined ? undefined : retentionLeast(windows)
    // Java's windows in memory are gone, by a millisecond, when they close.
    const inMemory = windows?.emit === undefined
    switch (chance.below(3)) {
      case 0: {
        const counts: Type = { ...type, value: 'long' }
        this.#add('count', [grouped], this.#store(counts, least, inMemory), counts, true)
        return
      }
      case 1: {
        const store = this.#store(type, least, inMemory)
        const mayBeNamed = windows !== undefined || store.store !== undefined
        this.#add('reduce', [grouped], { reducer: specs.reducer(chance, grouped.value), ...store }, type, mayBeNamed)
        return
      }
      default: {
        const value = chance.pick(VALUE_TYPES)
        const result: Type = { ...type, value }
        const args = {
          init: initOf(value),
          aggregator: specs.aggregator(chance, grouped.value, value),
          ...(grouped.isSession && { merger: specs.merger(chance, value) }),
          store: this.#storeOptions(result, least, inMemory),
        }
        this.#add('aggregate', [grouped], args, result, true)
      }
    }
  }

  #suppress(): void {
    const chance = this.#chance
    const input = this.#some(isTable)
    if (input === undefined) return
    const limits = [
      {},
      { maxRecords: 1 + chance.below(4) },
      { maxBytes: chance.below(600) },
      { maxRecords: 1 + chance.below(4), maxBytes: chance.below(600) },
    ]
    if (input.key !== 'string' && !chance.oneIn(3)) {
      const full = chance.oneIn(6) ? { ...chance.pick(limits.slice(1)), whenFull: 'shutDown' } : {}
      this.#add('suppress', [input], { until: 'windowCloses', ...full }, typeOf(input), true)
      return
    }
    const buffer = { ...chance.pick(limits), ...(chance.oneIn(8) && { whenFull: 'shutDown' }) }
    const args = { until: 'timeLimit', ms: chance.pick([0, chance.below(3 * this.#scaleMs)]), ...buffer }
    this.#add('suppress', [input], args, typeOf(input), true)
  }

  #joinStreams(): void {
    const chance = this.#chance
    const left = this.#some(isPlainStream)
    const right = chance.oneIn(5) ? left : this.#some(isPlainStream)
    if (left === undefined || right === undefined) return
    const [joiner, value] = specs.joiner(chance, left.value, right.value, true)
    const span = () => chance.pick([0, chance.below(this.#scaleMs), chance.below(3 * this.#scaleMs)])
    const before = chance.oneIn(8) ? -chance.below(5) : span()
    const same = chance.oneIn(2)
    const args = {
      type: chance.pick(['inner', 'left', 'outer']),
      joiner,
      before,
      after: same && before >= 0 ? before : Math.max(-before, span()),
      grace: chance.pick([0, chance.below(2 * this.#scaleMs)]),
      ...(chance.oneIn(4) && { storeName: this.#name('join') }),
      ...(chance.oneIn(6) && { inMemory: true }),
      ...(chance.oneIn(6) && { logging: false }),
    }
    this.#add(
      'joinStreams',
      left === right ? [left] : [left, right],
      args,
      { kind: 'stream', key: 'string', value },
      true,
    )
  }

  #joinTable(): void {
    const chance = this.#chance
    const table = this.#some(isTable)
    const stream = table && this.#some((each) => isStream(each) && sameKey(each, table))
    if (table === undefined || stream === undefined) return
    const [joiner, value] = specs.joiner(chance, stream.value, table.value, true)
    const grace = table.historyMs !== undefined && !chance.oneIn(3) ? { grace: chance.below(table.historyMs + 1) } : {}
    const type: Type = { ...typeOf(stream), value }
    this.#add('joinTable', [stream, table], { type: chance.pick(['inner', 'left']), joiner, ...grace }, type, true)
  }

  #joinGlobal(): void {
    const chance = this.#chance
    const table = this.#some((each) => each.kind === 'globalTable')
    const stream = this.#some(isStream)
    if (table === undefined || stream === undefined) return
    const [joiner, value] = specs.joiner(chance, stream.value, table.value, true)
    const key = specs.keyFunction(chance, stream.key, stream.value)
    const type: Type = { ...typeOf(stream), value }
    this.#add('joinGlobal', [stream, table], { type: chance.pick(['inner', 'left']), key, joiner }, type, true)
  }

  #joinTables(): void {
    const chance = this.#chance
    const left = this.#some(isTable)
    const right = left && this.#some((each) => isTable(each) && sameKey(each, left))
    if (left === undefined || right === undefined) return
    const [joiner, value] = specs.joiner(chance, left.value, right.value, false)
    const type: Type = { ...typeOf(left), value }
    const args = { type: chance.pick(['inner', 'left', 'outer']), joiner, ...this.#store(type) }
    this.#add('joinTables', left === right ? [left, left] : [left, right], args, type, true)
  }

  #joinForeignKey(): void {
    const chance = this.#chance
    const left = this.#some(isPlainTable)
    const right = chance.oneIn(8) ? left : this.#some(isPlainTable)
    if (left === undefined || right === undefined) return
    const [joiner, value] = specs.joiner(chance, left.value, right.value, false)
    const type: Type = { kind: 'table', key: 'string', value }
    const foreignKey = specs.foreignKey(chance, left.value)
    const args = { type: chance.pick(['inner', 'left']), foreignKey, joiner, ...this.#store(type) }
    this.#add('joinForeignKey', [left, right], args, type, true)
  }

  #processValues(): void {
    const input = this.#some(isPlainStream)
    if (input === undefined) return
    const fn = this.#chance.pick(
      input.value === 'long' ? ['runningCount', 'runningTotal'] : ['runningCount', 'dropRepeats'],
    )
    const type: Type = { ...typeOf(input), value: fn === 'runningTotal' ? 'long' : 'string' }
    this.#add('processValues', [input], { fn, store: this.#name('seen') }, type, true)
  }

  #process(): void {
    const chance = this.#chance
    const input = this.#some(isPlainStream)
    if (input === undefined) return
    const args = {
      fn: 'collect',
      store: this.#name('kept'),
      punctuation: chance.pick(['streamTime', 'wallClockTime']),
      interval: 1 + chance.below(3 * this.#scaleMs),
      clear: chance.oneIn(2),
    }
    this.#add('process', [input], args, typeOf(input), true)
  }

  // What nothing has taken yet, and some of the rest, goes to topics of its own.
  #sinks(): void {
    for (const result of [...this.#results]) {
      if (this.#consumed.has(result.id) && !this.#chance.oneIn(5)) continue
      if (result.kind !== 'stream' && result.kind !== 'table') continue
      const stream =
        result.kind === 'stream'
          ? result
          : this.#add('toStream', [result], undefined, { ...typeOf(result), kind: 'stream' }, true)
      this.#add('to', [stream], { topic: `out-${this.nodes.length}` }, undefined, true)
    }
  }

  // Parts of calls

  /** A store, or none, for a verb that has both calls. */
  #store(type: Type, retentionLeastMs?: number, mayBeInMemory = true): { readonly store?: object } {
    const { store } = this.#oneIn
    return this.#chance.oneIn(store) ? { store: this.#storeOptions(type, retentionLeastMs, mayBeInMemory) } : {}
  }

  /** For verbs of streams and tables, of which only tables' take one. */
  #optionalStore(input: Result, type: Type): { readonly store?: object } {
    return input.kind === 'table' && this.#chance.oneIn(2) ? this.#store(type) : {}
  }

  #globalStore(): { readonly store?: object } {
    return this.#chance.oneIn(2) ? { store: { name: this.#name('global') } } : {}
  }

  /** @param retentionLeastMs - Of windows; absent for what has none. */
  #storeOptions(type: Type, retentionLeastMs?: number, mayBeInMemory = true): object {
    const chance = this.#chance
    const logging = chance.oneIn(8) ? { logging: false } : {}
    const plain = type.key === 'string' && retentionLeastMs === undefined
    if (plain && chance.oneIn(this.#oneIn.versioned)) {
      const versioned = chance.pick([0, chance.below(this.#scaleMs), 20 * this.#scaleMs])
      return { name: this.#name('history'), versioned, ...logging }
    }
    const retention =
      retentionLeastMs !== undefined && chance.oneIn(3)
        ? { retention: retentionLeastMs + chance.pick([0, chance.below(10 * this.#scaleMs), 200_000]) }
        : {}
    return {
      ...(chance.oneIn(this.#oneIn.storeName) && { name: this.#name('store') }),
      ...(mayBeInMemory && chance.oneIn(6) && { inMemory: true }),
      ...retention,
      ...logging,
    }
  }

  #add(
    op: string,
    inputs: readonly Result[],
    args: Record<string, any> | undefined,
    type: Type | undefined,
    mayBeNamed = false,
  ): Result {
    const id = this.#nextId()
    for (const input of inputs) this.#consumed.add(input.id)
    const history = args?.store?.versioned
    this.nodes.push({
      id,
      op,
      ...(inputs.length > 0 && { in: inputs.map((input) => input.id) }),
      ...(args !== undefined && Object.keys(args).length > 0 && { args }),
      ...(type !== undefined && { out: type }),
      ...(mayBeNamed && this.#chance.oneIn(this.#oneIn.name) && { named: this.#name(op) }),
    })
    const result = { kind: 'stream' as const, key: 'string' as const, value: 'string' as const, ...type, id }
    const known = history === undefined ? result : { ...result, historyMs: history }
    if (type !== undefined) this.#results.push(known)
    return known
  }

  /** One of the results so far, rather a late one. */
  #some(matches: (each: Result) => boolean): Result | undefined {
    const found = this.#results.filter(matches)
    if (found.length === 0) return undefined
    return this.#chance.oneIn(2) ? this.#chance.pick(found) : this.#chance.pick(found.slice(-3))
  }

  #nextId(): string {
    return `n${++this.#ids}`
  }

  #ids = 0

  #name(of: string): string {
    return `${of}-${++this.#names}`
  }
}

const isStream = ({ kind }: Result) => kind === 'stream'
const isTable = ({ kind }: Result) => kind === 'table'
const isPlainStream = ({ kind, key }: Result) => kind === 'stream' && key === 'string'
const isPlainTable = ({ kind, key }: Result) => kind === 'table' && key === 'string'

function sameKey(a: Type, b: Type): boolean {
  return a.key === b.key && a.windowSize === b.windowSize
}

function typeOf({ kind, key, value, windowSize }: Type): Type {
  return { kind, key, value, ...(windowSize !== undefined && { windowSize }) }
}

function initOf(value: ValueType): number | string {
  return value === 'long' ? 0 : ''
}

/** What a store of these windows has to keep at least. */
function retentionLeast({ type, size, gap, grace }: Record<string, any>): number | undefined {
  if (type === 'unlimited') return undefined
  return (type === 'session' ? gap : type === 'sliding' ? 2 * size : size) + grace
}
