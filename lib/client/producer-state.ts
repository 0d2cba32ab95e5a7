import { StateMachine, type Transitions } from '../core/state-machine.ts'

/**
 * ```
 *                init()                   first record           commit()
 *  UNINITIALIZED ─────► INITIALIZING ─────► READY ─────► OPEN ─────────────► COMMITTING ─────► READY
 *                        ▲    ▲  │ failed    ▲            │                   │  │   ▲
 *                 init() │    │  ▼           │ ABORTING ◄─┤ abort()           │  │   │ commit() again
 *                        │    └─ DEAD        └───┘    ▲   │ a batch failed    │  ▼   │
 *                        │        ▲                   │   ▼                   │  SEALED: the group refused the generation
 *                        │        │ fenced, or the    └─ FAILED ◄─────────────┘
 *                        └────────┴ outcome unknown ────── (any state but CLOSED)
 * ```
 * FAILED: abort() or init(). DEAD: only init(), as another producer may have the id, or the last commit may have taken place. From every state
 * close() leads to CLOSED. A producer without transactions knows neither OPEN nor COMMITTING nor SEALED.
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
