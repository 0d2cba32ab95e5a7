// Checks of options for callers without types: what the compiler tells others at once would else be ignored, or found out at the first record.
import { didYouMean } from '../lib/core/did-you-mean.ts'
import { typeName } from '../lib/serde/errors.ts'
import { InvalidArgumentError } from './errors.ts'

/** Each option of `T` by name: the compiler holds that none is missing. */
export type OptionNames<T> = { readonly [Name in T extends unknown ? keyof T : never]: true }

const SERDES = ['key', 'value', 'left', 'right', 'idSerde']
const FUNCTIONS = ['timestamp', 'partitioner', 'otherPartitioner']

/**
 * Rejects options that a method does not have, serdes that are none, and functions that are none. Absent options, and options that are undefined, are fine.
 *
 * A method that takes a serde of keys or of values lets both pass: they are handed around as a pair.
 *
 * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`
 */
export function checkOptions(method: string, options: unknown, names: OptionNames<any>): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(method, `takes its options as an object, but got ${typeName(options)}.`)
  }
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) checkOption(method, option, value, names)
  }
}

function checkOption(method: string, option: string, value: unknown, names: OptionNames<any>): void {
  const isPair = (option === 'key' || option === 'value') && ('key' in names || 'value' in names)
  if (!isPair && !Object.hasOwn(names, option)) {
    throw new InvalidArgumentError(method, `has no option '${option}'${didYouMean(option, Object.keys(names))}`)
  }
  if (SERDES.includes(option)) checkSerde(method, option, value)
  if (option === 'stores') checkStores(method, value)
  if (FUNCTIONS.includes(option) && typeof value !== 'function') {
    throw new InvalidArgumentError(method, `${option} must be a function, but is ${typeName(value)}.`)
  }
}

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT` */
function checkStores(method: string, stores: unknown): void {
  if (Array.isArray(stores) && stores.every((store) => typeof store === 'string' || typeof store?.build === 'function'))
    return
  throw new InvalidArgumentError(
    method,
    'stores must be a list of builders, for instance stores.keyValue(…), or of names.',
  )
}

/** @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: mostly a serde whose parentheses were forgotten. */
function checkSerde(method: string, option: string, value: unknown): void {
  const { serialize, deserialize } = (value ?? {}) as { readonly serialize?: unknown; readonly deserialize?: unknown }
  if (typeof serialize === 'function' && typeof deserialize === 'function') return
  const found = typeof value === 'function' ? `a function: call it, ${value.name || 'serde'}()` : `${typeName(value)}`
  throw new InvalidArgumentError(method, `${option} must be a serde, for instance serdes.string(), but is ${found}.`)
}
