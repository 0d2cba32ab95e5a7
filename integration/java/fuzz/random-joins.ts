// Joins of streams and tables of every kind.
import {
  isPlainStream,
  isPlainTable,
  isStream,
  isTable,
  type RandomNodes,
  sameKey,
  type Type,
  typeOf,
} from './random-nodes.ts'
import * as specs from './random-specs.ts'
import { someStore, storeOptions } from './random-stores.ts'

export function joinStreams(made: RandomNodes): void {
  const chance = made.chance
  const left = made.some(isPlainStream)
  const right = chance.oneIn(5) ? left : made.some(isPlainStream)
  if (left === undefined || right === undefined) return
  const [joiner, value] = specs.joiner(chance, left.value, right.value, true)
  const span = () => chance.pick([0, chance.below(made.scaleMs), chance.below(3 * made.scaleMs)])
  const before = span()
  const after = chance.pick([before, before, span(), -chance.below(before + 1)])
  const args = {
    type: chance.pick(['inner', 'left', 'outer']),
    joiner,
    before,
    after,
    grace: chance.pick([0, chance.below(2 * made.scaleMs)]),
    ...(chance.oneIn(4) && { storeName: made.name('join') }),
    ...(chance.oneIn(6) && { logging: false }),
  }
  made.add('joinStreams', left === right ? [left] : [left, right], args, { kind: 'stream', key: 'string', value }, true)
}

export function joinTable(made: RandomNodes): void {
  const chance = made.chance
  const table = made.some(isTable)
  const stream = table && made.some((each) => isStream(each) && sameKey(each, table))
  if (table === undefined || stream === undefined) return
  const [joiner, value] = specs.joiner(chance, stream.value, table.value, true)
  const grace = table.historyMs !== undefined && !chance.oneIn(3) ? { grace: chance.below(table.historyMs + 1) } : {}
  const type: Type = { ...typeOf(stream), value }
  made.add('joinTable', [stream, table], { type: chance.pick(['inner', 'left']), joiner, ...grace }, type, true)
}

export function joinGlobal(made: RandomNodes): void {
  const chance = made.chance
  const table = made.some((each) => each.kind === 'globalTable')
  const stream = made.some(isStream)
  if (table === undefined || stream === undefined) return
  const [joiner, value] = specs.joiner(chance, stream.value, table.value, true)
  const key = specs.keyFunction(chance, stream.key, stream.value)
  const type: Type = { ...typeOf(stream), value }
  made.add('joinGlobal', [stream, table], { type: chance.pick(['inner', 'left']), key, joiner }, type, true)
}

export function joinTables(made: RandomNodes): void {
  const chance = made.chance
  const left = made.some(isTable)
  const right = left && made.some((each) => isTable(each) && sameKey(each, left))
  if (left === undefined || right === undefined) return
  const [joiner, value] = specs.joiner(chance, left.value, right.value, false)
  const type: Type = { ...typeOf(left), value }
  const args = { type: chance.pick(['inner', 'left', 'outer']), joiner, ...someStore(made, type) }
  made.add('joinTables', left === right ? [left, left] : [left, right], args, type, true)
}

export function joinForeignKey(made: RandomNodes): void {
  const chance = made.chance
  const left = made.some(isPlainTable)
  const right = chance.oneIn(8) ? left : made.some(isPlainTable)
  if (left === undefined || right === undefined) return
  const [joiner, value] = specs.joiner(chance, left.value, right.value, false)
  const type: Type = { kind: 'table', key: 'string', value }
  const foreignKey = specs.foreignKey(chance, left.value)
  // Java rejects most uses of a result without serdes.
  const store = chance.oneIn(4) ? {} : { store: storeOptions(made, type) }
  const args = { type: chance.pick(['inner', 'left']), foreignKey, joiner, ...store }
  made.add('joinForeignKey', [left, right], args, type, true)
}
