import { InvariantError } from './errors.ts'

/** From each state, the states that may follow it. */
export type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>

/** Holds a lifecycle's state and refuses every move that its table does not allow. */
export class StateMachine<S extends string> {
  readonly #name: string
  readonly #transitions: Transitions<S>
  readonly #onChange: ((from: S, to: S) => void) | undefined
  #state: S

  constructor(name: string, initial: S, transitions: Transitions<S>, onChange?: (from: S, to: S) => void) {
    this.#name = name
    this.#state = initial
    this.#transitions = transitions
    this.#onChange = onChange
  }

  get state(): S {
    return this.#state
  }

  is(...states: readonly S[]): boolean {
    return states.includes(this.#state)
  }

  /** @throws InvariantError `STREAMS_INVARIANT`: the table does not allow this move. */
  transitionTo(next: S): void {
    const from = this.#state
    if (!this.#transitions[from].includes(next)) {
      throw new InvariantError(`${this.#name} cannot go from ${from} to ${next}`)
    }
    this.#state = next
    this.#onChange?.(from, next)
  }
}
