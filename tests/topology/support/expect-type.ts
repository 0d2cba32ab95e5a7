type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if the value is of exactly this type: `expectType<string>()(value)`. */
export function expectType<Expected>() {
  return <Actual>(_value: Actual, ..._same: Same<Actual, Expected> extends true ? [] : [wanted: Expected]): void => {}
}

/** Code that is checked, but never run. */
export function typed(_code: () => void): void {}
