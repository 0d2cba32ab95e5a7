// What the project's commands check their options with.

/** @throws TypeError naming the option and what it may be. */
export function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === value)
  if (found === undefined) throw new TypeError(`--${option} must be ${allowed.join(' or ')}, not '${value}'`)
  return found
}

/** A whole number of at least 1. @throws TypeError naming the option. */
export function count(option: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new TypeError(`--${option} must be a whole number of at least 1, not '${text}'`)
}
