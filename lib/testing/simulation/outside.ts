import type { ApiName, ResponseOf } from '../../client/protocol/apis.ts'
import type { ProcessClock } from './process-clock.ts'

/** Before: it has not been begun. After: it has taken effect, and the process has not learned of it. */
export type Moment = 'before' | 'after'

/** Where a process touches the world: each request, each batch for the disk. These are the places where it can die and be seen to have died. */
export interface Outside {
  readonly clock: ProcessClock
  readonly alive: boolean
  /**
   * To be called before and after each operation. False: the process is dead, and may have died of this call; then nothing more of it must happen.
   *
   * @param operation - The request's api, `restore fetch`, `disk write`.
   * @param message - The request, or the answer to it.
   */
  passes(operation: string, moment: Moment, message?: object): boolean
  /** An answer that the process gets. */
  onAnswer<A extends ApiName>(api: A, response: ResponseOf<A>): void
  /** Whether the network delivers a request twice. */
  duplicates(api: ApiName): boolean
}
