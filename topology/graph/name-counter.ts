import { checkNodeName, checkStoreName } from '../names.ts'

/**
 * Hands out the generated names of one StreamsBuilder: `KSTREAM-FILTER-0000000001`.
 *
 * One counter numbers nodes and stores alike, in the order of the calls, and most verbs use up a number even where a name was given. The
 * names of internal topics follow from it, so which call takes how many numbers must never change: state would be lost.
 */
export class NameCounter {
  #next = 0

  node(prefix: string): string {
    return prefix + this.#number()
  }

  store(prefix: string): string {
    return `${prefix}STATE-STORE-${this.#number()}`
  }

  /** The given name or a generated one; uses up a number in both cases. */
  nodeOr(given: string | undefined, prefix: string): string {
    const generated = this.node(prefix)
    if (given === undefined) return generated
    checkNodeName(given)
    return given
  }

  /** The given name with a suffix, or a generated one; uses up a number in both cases. */
  suffixedOr(given: string | undefined, suffix: string, prefix: string): string {
    const generated = this.node(prefix)
    if (given === undefined) return generated
    checkNodeName(given + suffix)
    return given + suffix
  }

  /** The given name or a generated one; uses up a number only in the latter case. */
  storeOr(given: string | undefined, prefix: string): string {
    if (given === undefined) return this.store(prefix)
    checkStoreName(given)
    return given
  }

  #number(): string {
    return String(this.#next++).padStart(10, '0')
  }
}
