import type { Serde } from '../lib/serde/serde.ts'
import { MissingSerdeError, type SerdeOption } from './errors.ts'
import type { ResultSerde } from './options.ts'

/** What the DSL knows of the keys, or of the values, of a stream or table: how they become bytes, or else who made them. */
export interface KnownSerde<T> {
  readonly serde: Serde<T> | undefined
  /** The node whose verb decided the type, for error messages: `'KSTREAM-MAP-0000000001' (map)`. */
  readonly origin: string
}

/** Knowledge of what the verb of a node has just made. */
export function madeBy<T>(node: string, verb: string, serde: ResultSerde<T> | undefined): KnownSerde<T> {
  return { serde: serde as Serde<T> | undefined, origin: `'${node}' (${verb})` }
}

/** The serde given in the options of a verb that needs one; else that which is known already. */
export function givenOr<T>(given: ResultSerde<T> | undefined, known: KnownSerde<T>): KnownSerde<T> {
  return given === undefined ? known : { serde: given as Serde<T>, origin: known.origin }
}

/** Where a serde is needed: see MissingSerde. */
export interface SerdeUse {
  readonly node: string
  readonly purpose: string
  readonly method: string | undefined
}

/** @throws MissingSerdeError `STREAMS_MISSING_SERDE` */
export function requireSerde<T>(known: KnownSerde<T>, option: SerdeOption, use: SerdeUse): Serde<T> {
  if (known.serde === undefined) throw new MissingSerdeError({ ...use, option, origin: known.origin })
  return known.serde
}
