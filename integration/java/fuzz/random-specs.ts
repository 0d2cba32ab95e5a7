// Random choices of the functions that the cases of tests/golden/random-functions.ts know, by the types they are to work on.
import type { Chance } from '../../../tests/support/fuzz.ts'

export type ValueType = 'string' | 'long'
export type KeyType = 'string' | 'timeWindowed' | 'sessionWindowed'

/** A function as cases write it: its name, then its parameters. */
export type Spec = readonly unknown[]

const KEYS = ['a', 'b', 'k1', 'k2', 'x', '']
const SIGNS = ['!', '-', '/', ' ', '+', 'é']

/** How many code points texts are cut to: long ones would fill the case files. */
const cut = (chance: Chance) => 3 + chance.below(14)

const someKeys = (chance: Chance) => Array.from({ length: 1 + chance.below(3) }, () => chance.pick(KEYS))

function modAndRest(chance: Chance): [number, number] {
  const mod = 2 + chance.below(3)
  return [mod, chance.below(mod)]
}

export function predicate(chance: Chance, value: ValueType): Spec {
  const forAll: Spec[] = [
    ['valueNotNull'],
    ['keyNotNull'],
    ['lengthMod', ...modAndRest(chance)],
    ['sumMod', ...modAndRest(chance)],
    ['keySumMod', ...modAndRest(chance)],
  ]
  const own: Spec[] =
    value === 'long'
      ? [
          ['longMod', ...modAndRest(chance)],
          ['longAtLeast', chance.below(20) - 5],
        ]
      : [['contains', chance.pick(['a', 'e', ' '])]]
  return chance.pick([...forAll, ...own, ...own])
}

export function valueFunction(chance: Chance, from: ValueType, to: ValueType): Spec {
  const sign = chance.pick(SIGNS)
  const number = chance.below(7) - 2
  if (to === 'long') {
    if (from === 'string') return chance.pick<Spec>([['length'], ['codeSum']])
    return chance.pick<Spec>([
      ['same'],
      ['orElseLong', number],
      ['length'],
      ['add', number],
      ['times', number],
      ['mod', 2 + chance.below(5)],
      ['nullIfMod', ...modAndRest(chance)],
    ])
  }
  const fromAny: Spec[] = [
    ['withKey', sign],
    ['prefixText', sign],
  ]
  if (from === 'long') return chance.pick<Spec>([...fromAny, ['bucket', 2 + chance.below(5)]])
  return chance.pick<Spec>([
    ...fromAny,
    ['same'],
    ['orElse', sign],
    ['upper'],
    ['append', sign],
    ['reverse'],
    ['firstWord'],
    ['lastChars', 1 + chance.below(4)],
    ['nullIfLengthMod', ...modAndRest(chance)],
  ])
}

/** Many give null for a null key or value. */
export function keyFunction(chance: Chance, key: KeyType, value: ValueType): Spec {
  const forAll: Spec[] = [
    ['constKey', chance.pick(KEYS)],
    ['valuePick', someKeys(chance)],
    ['valueLengthMod', 2 + chance.below(3)],
    ['keyFirstChar'],
    ['keyMod', 2 + chance.below(2)],
    ['keyAppend', chance.pick(SIGNS)],
    ['keyPick', someKeys(chance)],
    ['innerKey'],
    ['windowText'],
  ]
  const ofText: Spec[] = value === 'string' ? [['valueFirstWord'], ['valueFirstWord']] : []
  return chance.pick([...forAll, ...ofText, ...(key === 'string' ? [] : [['windowStart'], ['windowText']])])
}

/** Of the value alone. */
export function foreignKey(chance: Chance, value: ValueType): Spec {
  return chance.pick<Spec>([
    ['valuePick', someKeys(chance)],
    ['valueLengthMod', 2 + chance.below(3)],
    ...(value === 'string' ? [['valueFirstWord'], ['valueFirstWord']] : []),
  ])
}

export function listFunction(chance: Chance, value: ValueType): Spec {
  return value === 'long'
    ? chance.pick<Spec>([['halves'], ['repeatMod', 3]])
    : chance.pick<Spec>([['words'], ['twice', chance.pick(SIGNS)], ['repeatMod', 3]])
}

/** Those whose result has the type `value`. */
export function pairFunction(chance: Chance, key: KeyType, value: ValueType): Spec {
  const rekeyed: Spec[] = key === 'string' ? [['andRekeyed', keyFunction(chance, key, value)]] : []
  const ofText: Spec[] = value === 'string' ? [['wordsAsKeys'], ['swap']] : []
  return chance.pick<Spec>([['fanOut', someKeys(chance)], ...rekeyed, ...ofText])
}

/** The first value's type decides what a result may be. */
export function joiner(chance: Chance, left: ValueType, right: ValueType, ofStreams: boolean): [Spec, ValueType] {
  const sign = chance.pick(SIGNS)
  const n = cut(chance)
  return chance.pick<[Spec, ValueType]>([
    [['concat', sign, n], 'string'],
    [['concat', sign, n], 'string'],
    ...(ofStreams ? ([[['concatWithKey', sign, n], 'string']] as [Spec, ValueType][]) : []),
    ...(left === 'long' && right === 'long' ? ([[['sum'], 'long']] as [Spec, ValueType][]) : []),
    [['lengths'], 'long'],
    [['left'], left],
    [['right'], right],
    [['nullIfLengthMod', sign, n, 2 + chance.below(2)], 'string'],
  ])
}

export function aggregator(chance: Chance, value: ValueType, aggregate: ValueType): Spec {
  const sign = chance.pick(SIGNS)
  if (aggregate === 'string') {
    return chance.pick<Spec>([
      ['concat', sign, cut(chance)],
      ['concatWithKey', sign, cut(chance)],
    ])
  }
  return chance.pick<Spec>([
    ['addLength'],
    ['addLengthOrNull', 2 + chance.below(3)],
    ...(value === 'long' ? [['addLong'], ['maxLong'], ['subLong']] : []),
  ])
}

/** What takes a value away again. */
export function subtractor(chance: Chance, value: ValueType, aggregate: ValueType): Spec {
  if (aggregate === 'string') return ['concat', chance.pick(SIGNS), cut(chance)]
  return chance.pick<Spec>([['subLength'], ...(value === 'long' ? [['subLong']] : [])])
}

export function reducer(chance: Chance, value: ValueType): Spec {
  if (value === 'string') return chance.pick<Spec>([['last'], ['concat', chance.pick(SIGNS), cut(chance)]])
  return chance.pick<Spec>([['sum'], ['minus'], ['max'], ['min'], ['last'], ['sumOrNull', 2 + chance.below(3)]])
}

export function merger(chance: Chance, aggregate: ValueType): Spec {
  return aggregate === 'string' ? ['concat', cut(chance)] : chance.pick<Spec>([['sum'], ['max']])
}
