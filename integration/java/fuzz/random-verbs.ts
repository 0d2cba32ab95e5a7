// Verbs of one stream or table.
import {
  isPlainStream,
  isStream,
  isTable,
  type RandomNodes,
  sameKey,
  type Type,
  typeOf,
  VALUE_TYPES,
} from './random-nodes.ts'
import * as specs from './random-specs.ts'
import { storeOptions, tableStore } from './random-stores.ts'

export function filter(made: RandomNodes): void {
  const input = made.some((each) => each.kind === 'stream' || each.kind === 'table')
  if (input === undefined) return
  const type = typeOf(input)
  const args = { fn: specs.predicate(made.chance, input.value), ...tableStore(made, input, type) }
  made.add(made.chance.pick(['filter', 'filter', 'filterNot']), [input], args, type, true)
}

export function mapValues(made: RandomNodes): void {
  const input = made.some((each) => each.kind === 'stream' || each.kind === 'table')
  if (input === undefined) return
  const type = { ...typeOf(input), value: made.chance.pick(VALUE_TYPES) }
  const fn = specs.valueFunction(made.chance, input.value, type.value)
  made.add('mapValues', [input], { fn, ...tableStore(made, input, type) }, type, true)
}

export function streamVerb(made: RandomNodes): void {
  const chance = made.chance
  const input = made.some(isStream)
  if (input === undefined) return
  const { value } = input
  const key = specs.keyFunction(chance, input.key, value)
  const rekeyed: Type = { kind: 'stream', key: 'string', value }
  switch (chance.pick(['map', 'selectKey', 'selectKey', 'flatMapValues', 'flatMap', 'peek', 'merge'])) {
    case 'map': {
      const to = chance.pick(VALUE_TYPES)
      made.add('map', [input], { key, value: specs.valueFunction(chance, value, to) }, { ...rekeyed, value: to }, true)
      return
    }
    case 'selectKey':
      made.add('selectKey', [input], { key }, rekeyed, true)
      return
    case 'flatMapValues':
      made.add('flatMapValues', [input], { fn: specs.listFunction(chance, value) }, typeOf(input), true)
      return
    case 'flatMap':
      made.add('flatMap', [input], { fn: specs.pairFunction(chance, input.key, value) }, rekeyed, true)
      return
    case 'peek':
      made.add('peek', [input], undefined, typeOf(input), true)
      return
    default: {
      const other = made.some((each) => isStream(each) && sameKey(each, input) && each.value === value)
      if (other !== undefined) made.add('merge', [input, other], undefined, typeOf(input), true)
    }
  }
}

export function split(made: RandomNodes): void {
  const chance = made.chance
  const input = made.some(isStream)
  if (input === undefined) return
  const branch = () => {
    const id = made.nextId()
    made.results.push({ ...typeOf(input), id })
    return { id, ...(chance.oneIn(made.oneIn.name) && { name: made.name('branch') }) }
  }
  const branches = Array.from({ length: 1 + chance.below(2) }, () => ({
    ...branch(),
    fn: specs.predicate(chance, input.value),
  }))
  made.add('split', [input], { branches, ...(!chance.oneIn(3) && { default: branch() }) }, undefined, true)
}

export function repartition(made: RandomNodes): void {
  const input = made.some(isPlainStream)
  if (input !== undefined) made.add('repartition', [input], undefined, typeOf(input), true)
}

export function toTable(made: RandomNodes): void {
  const input = made.some(isPlainStream)
  if (input === undefined) return
  const type: Type = { ...typeOf(input), kind: 'table' }
  made.add('toTable', [input], { store: storeOptions(made, type) }, type, true)
}

export function toStream(made: RandomNodes): void {
  const input = made.some(isTable)
  if (input === undefined) return
  const type: Type = { ...typeOf(input), kind: 'stream' }
  if (made.chance.oneIn(4)) {
    const key = specs.keyFunction(made.chance, input.key, input.value)
    made.add('toStream', [input], { key }, { kind: 'stream', key: 'string', value: input.value }, true)
  } else made.add('toStream', [input], undefined, type, true)
}

export function suppress(made: RandomNodes): void {
  const chance = made.chance
  const input = made.some(isTable)
  if (input === undefined) return
  const limits = [
    {},
    { maxRecords: 1 + chance.below(4) },
    { maxBytes: 1 + chance.below(600) },
    { maxRecords: 1 + chance.below(4), maxBytes: 1 + chance.below(600) },
  ]
  if (input.key !== 'string' && !chance.oneIn(3)) {
    const full = chance.oneIn(6) ? { ...chance.pick(limits.slice(1)), whenFull: 'shutDown' } : {}
    made.add('suppress', [input], { until: 'windowCloses', ...full }, typeOf(input), true)
    return
  }
  const buffer = { ...chance.pick(limits), ...(chance.oneIn(8) && { whenFull: 'shutDown' }) }
  const args = { until: 'timeLimit', ms: chance.pick([0, chance.below(3 * made.scaleMs)]), ...buffer }
  made.add('suppress', [input], args, typeOf(input), true)
}

export function processValues(made: RandomNodes): void {
  const input = made.some(isPlainStream)
  if (input === undefined) return
  const fn = made.chance.pick(
    input.value === 'long' ? ['runningCount', 'runningTotal'] : ['runningCount', 'dropRepeats'],
  )
  const type: Type = { ...typeOf(input), value: fn === 'runningTotal' ? 'long' : 'string' }
  made.add('processValues', [input], { fn, store: made.name('seen') }, type, true)
}

export function process(made: RandomNodes): void {
  const chance = made.chance
  const input = made.some(isPlainStream)
  if (input === undefined) return
  const args = {
    fn: 'collect',
    store: made.name('kept'),
    punctuation: chance.pick(['streamTime', 'wallClockTime']),
    interval: 1 + chance.below(3 * made.scaleMs),
    clear: chance.oneIn(2),
  }
  made.add('process', [input], args, typeOf(input), true)
}
