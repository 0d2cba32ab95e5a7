// The functions of random topologies, by name. A case names one as a list: `["append", "!"]` is `values.append('!')`.
import { Windowed } from '../../lib/core/windowed.ts'

type Key = any
type Value = any
type Aggregate = any
type Spec = readonly any[]

/** Makes the function that a case names. */
export function made<F extends (...data: any[]) => any>(
  family: Readonly<Record<string, (...parameters: any[]) => F>>,
  [name, ...parameters]: Spec,
): F {
  const maker = family[name]
  if (maker === undefined) throw new Error(`no function '${name}' of random topologies`)
  return maker(...parameters)
}

/** As `made`, for streams whose keys are sessions: these are written with their end, too. */
export function madeForSessions<F extends (...data: any[]) => any>(
  family: Readonly<Record<string, (...parameters: any[]) => F>>,
  spec: Spec,
): F {
  const f = made(family, spec)
  return ((...data: any[]) => f(...data.map((each) => (each instanceof Windowed ? new SessionKey(each) : each)))) as F
}

class SessionKey extends Windowed<string> {
  constructor({ key, window }: Windowed<string>) {
    super(key, window.startMs, window.endMs)
  }
}

const text = (data: Value): string => `${data}`
const innerKey = (k: Key): string | null => (k instanceof Windowed ? k.key : k)
const keyText = (k: Key): string => {
  if (!(k instanceof Windowed)) return text(k)
  const { startMs, endMs } = k.window
  return k instanceof SessionKey ? `${k.key}@${startMs}-${endMs}` : `${k.key}@${startMs}`
}
const len = (s: string): number => s.length
const sum = (s: string): number => {
  let total = 0
  for (let i = 0; i < s.length; i++) total += s.charCodeAt(i)
  return total
}
const mod = (a: number, n: number): number => ((a % n) + n) % n
const num = (x: number | null): number => x ?? 0
const tail = (s: string, n: number): string => [...s].slice(-n).join('')
const wordsOf = (s: string): string[] => s.split(' ').filter((word) => word !== '')
const firstWord = (s: string): string | null => wordsOf(s)[0] ?? null
const pick = (list: readonly string[], x: number): string => list[mod(x, list.length)]!

/** `(value, key)`, as in the DSL. */
export const predicates: Record<string, (...parameters: any[]) => (v: Value, k: Key) => boolean> = {
  valueNotNull: () => (v) => v !== null,
  keyNotNull: () => (_, k) => k !== null,
  lengthMod: (n, r) => (v) => v !== null && mod(len(text(v)), n) === r,
  sumMod: (n, r) => (v) => v !== null && mod(sum(text(v)), n) === r,
  longMod: (n, r) => (v) => v !== null && mod(v, n) === r,
  longAtLeast: (n) => (v) => v !== null && v >= n,
  keySumMod: (n, r) => (_, k) => k !== null && mod(sum(innerKey(k)!), n) === r,
  contains: (s) => (v) => v?.includes(s) ?? false,
}

export const values: Record<string, (...parameters: any[]) => (v: Value, k: Key) => Value> = {
  same: () => (v) => v,
  withKey: (s) => (v, k) => keyText(k) + s + text(v),
  orElse: (s) => (v) => v ?? s,
  orElseLong: (n) => (v) => v ?? n,
  prefixText: (s) => unlessNull((v) => s + text(v)),
  upper: () => unlessNull((v) => v.replace(/[a-z]/g, (c: string) => c.toUpperCase())),
  append: (s) => unlessNull((v) => v + s),
  reverse: () => unlessNull((v) => [...v].reverse().join('')),
  firstWord: () => unlessNull(firstWord),
  lastChars: (n) => unlessNull((v) => tail(v, n)),
  nullIfLengthMod: (n, r) => unlessNull((v) => (mod(len(v), n) === r ? null : v)),
  length: () => unlessNull((v) => len(text(v))),
  codeSum: () => unlessNull((v) => sum(text(v))),
  add: (n) => unlessNull((v) => v + n),
  times: (n) => unlessNull((v) => v * n),
  mod: (n) => unlessNull((v) => mod(v, n)),
  nullIfMod: (n, r) => unlessNull((v) => (mod(v, n) === r ? null : v)),
  bucket: (n) => unlessNull((v) => `b${Math.floor(v / n)}`),
}

export const keys: Record<string, (...parameters: any[]) => (v: Value, k: Key) => string | null> = {
  constKey: (s) => () => s,
  valuePick: (list) => unlessNull((v) => pick(list, typeof v === 'number' ? v : sum(v))),
  valueFirstWord: () => unlessNull(firstWord),
  valueLengthMod: (n) => unlessNull((v) => `L${mod(len(text(v)), n)}`),
  keyFirstChar: () => unlessNullKey((k) => [...innerKey(k)!][0] ?? ''),
  keyMod: (n) => unlessNullKey((k) => `m${mod(sum(innerKey(k)!), n)}`),
  keyAppend: (s) => unlessNullKey((k) => innerKey(k) + s),
  keyPick: (list) => unlessNullKey((k) => pick(list, sum(innerKey(k)!))),
  innerKey: () => (_, k) => innerKey(k),
  windowText: () => unlessNullKey((k) => keyText(k)),
  windowStart: () => unlessNullKey((k) => `w${k.window.startMs}`),
}

export const lists: Record<string, (...parameters: any[]) => (v: Value) => Value[]> = {
  words: () => (v) => (v === null ? [] : wordsOf(v)),
  twice: (s) => (v) => (v === null ? [] : [v, v + s]),
  halves: () => (v) => (v === null ? [] : [Math.floor(v / 2), v - Math.floor(v / 2)]),
  repeatMod: (n) => (v) => (v === null ? [] : Array(mod(sum(text(v)), n)).fill(v)),
}

export const pairs: Record<string, (...parameters: any[]) => (v: Value, k: Key) => [Key, Value][]> = {
  wordsAsKeys: () => (v) => (v === null ? [] : wordsOf(v).map((word) => [word, v])),
  fanOut: (list) => (v) => list.map((key: string) => [key, v]),
  andRekeyed: (spec) => {
    const rekeyed = made(keys, spec)
    return (v, k) => [
      [k, v],
      [rekeyed(v, k), v],
    ]
  },
  swap: () => (v, k) => (v === null || firstWord(v) === null ? [] : [[firstWord(v), keyText(k)]]),
}

/** `(aggregate, value, key)`, as in the DSL. */
export const aggregators: Record<string, (...parameters: any[]) => (g: Aggregate, v: Value, k: Key) => Aggregate> = {
  addLong: () => (g, v) => num(g) + num(v),
  subLong: () => (g, v) => num(g) - num(v),
  maxLong: () => (g, v) => (v === null ? g : Math.max(g, v)),
  addLength: () => (g, v) => num(g) + lengthOrZero(v),
  subLength: () => (g, v) => num(g) - lengthOrZero(v),
  concat: (s, n) => (g, v) => tail(text(g) + s + text(v), n),
  concatWithKey: (s, n) => (g, v, k) => tail(text(g) + keyText(k) + s + text(v), n),
  addLengthOrNull: (n) => (g, v) => {
    const total = num(g) + lengthOrZero(v)
    return mod(total, n) === 0 ? null : total
  },
}

export const reducers: Record<string, (...parameters: any[]) => (a: Value, b: Value) => Value> = {
  sum: () => (a, b) => num(a) + num(b),
  minus: () => (a, b) => num(a) - num(b),
  max: () => (a, b) => Math.max(num(a), num(b)),
  min: () => (a, b) => Math.min(num(a), num(b)),
  last: () => (_, b) => b,
  concat: (s, n) => (a, b) => tail(text(a) + s + text(b), n),
  sumOrNull: (n) => (a, b) => (mod(num(a) + num(b), n) === 0 ? null : num(a) + num(b)),
}

/** `(left, right, key)`, as in the DSL. */
export const joiners: Record<string, (...parameters: any[]) => (a: Value, b: Value, k: Key) => Value> = {
  concat: (s, n) => (a, b) => tail(text(a) + s + text(b), n),
  concatWithKey: (s, n) => (a, b, k) => tail(keyText(k) + s + text(a) + s + text(b), n),
  sum: () => (a, b) => num(a) + num(b),
  lengths: () => (a, b) => len(text(a)) + len(text(b)),
  left: () => (a) => a,
  right: () => (_, b) => b,
  nullIfLengthMod: (s, n, m) => (a, b) => {
    const joined = tail(text(a) + s + text(b), n)
    return mod(len(joined), m) === 0 ? null : joined
  },
}

export const mergers: Record<string, (...parameters: any[]) => (a: Aggregate, b: Aggregate, k: Key) => Aggregate> = {
  sum: () => (a, b) => num(a) + num(b),
  max: () => (a, b) => Math.max(num(a), num(b)),
  concat: (n) => (a, b) => tail(text(a) + text(b), n),
}

function unlessNull<T>(f: (v: Value) => T): (v: Value) => T | null {
  return (v) => (v === null ? null : f(v))
}

function unlessNullKey<T>(f: (k: Key) => T): (v: Value, k: Key) => T | null {
  return (_, k) => (k === null ? null : f(k))
}

function lengthOrZero(v: Value): number {
  return v === null ? 0 : len(text(v))
}
