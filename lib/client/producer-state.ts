import { StateMachine, type Transitions } from '../core/state-machine.ts'

/**
 * ```
 *  UNINITIALIZED ─ init ─► INITIALIZING ─► READY ─ first record ─► OPEN ─ commit ─► COMMITTING ─► READY
 *                            ▲   │           ▲                      │                │    ▲
 *                            │   │ error     └──── ABORTING ◄ abort ┤          stale │    │ commit
 *                            │   ▼                 │  ▲             │         member ▼    │
 *                            └─ DEAD ◄──── error ──┘  │ abort       │              SEALED ┘
 *                              init                FAILED ◄ error ──┘
 * ```
 * Also: abort and init leave SEALED as they leave OPEN; an error, COMMITTING and READY as well as OPEN. FAILED: abort() or init(). Fenced, or with a
 * commit whose outcome is unknown, any state goes to DEAD, which only init() leaves: another producer may have the id. close() leads from every
 * state to CLOSED. A producer without transactions knows neither OPEN nor COMMITTING nor SEALED.
 */
export type ProducerState =
  | 'UNINITIALIZED'
  | 'INITIALIZING'
  | 'READY'
  | 'OPEN'
  | 'COMMITTING'
  | 'SEALED'
  | 'FAILED'
  | 'ABORTING'
  | 'DEAD'
  | 'CLOSED'

const transitions: Transitions<ProducerState> = {
  UNINITIALIZED: ['INITIALIZING', 'CLOSED'],
  INITIALIZING: ['READY', 'DEAD', 'CLOSED'],
  READY: ['OPEN', 'ABORTING', 'FAILED', 'DEAD', 'INITIALIZING', 'CLOSED'],
  OPEN: ['COMMITTING', 'ABORTING', 'FAILED', 'DEAD', 'INITIALIZING', 'CLOSED'],
  COMMITTING: ['READY', 'SEALED', 'FAILED', 'DEAD', 'CLOSED'],
  SEALED: ['COMMITTING', 'ABORTING', 'FAILED', 'DEAD', 'INITIALIZING', 'CLOSED'],
  FAILED: ['ABORTING', 'DEAD', 'INITIALIZING', 'CLOSED'],
  ABORTING: ['READY', 'DEAD', 'CLOSED'],
  DEAD: ['INITIALIZING', 'CLOSED'],
  CLOSED: [],
}

export function producerStates(name: string): StateMachine<ProducerState> {
  return new StateMachine(name, 'UNINITIALIZED', transitions)
}
