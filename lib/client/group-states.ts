// The life of a group member.
//
//   CREATED ─► JOINING ─► SYNCING ─► REVOKING ─► ASSIGNING ─► STABLE        from any of them ─► FAILED ─► CLOSED
//                 ▲         │  └──────────┼──────────►▲ │         │
//                 └─────────┴─────────────┴─────────────┴─────────┘
//
// JOINING    a JoinGroup is under way, or repeated; the coordinator parks it until the whole group has joined
// SYNCING    the leader decides, the others wait for what it gives them
// REVOKING   the listener lets go of partitions that go to another member
// ASSIGNING  the listener takes in what was added; whoever had to let go of any joins again at once
//
// Partitions are kept through all of it: cooperative rebalancing (KIP-429) takes away only what moves.
import type { Transitions } from '../core/state-machine.ts'

export type GroupState = 'CREATED' | 'JOINING' | 'SYNCING' | 'REVOKING' | 'ASSIGNING' | 'STABLE' | 'FAILED' | 'CLOSED'

export const groupTransitions: Transitions<GroupState> = {
  CREATED: ['JOINING', 'CLOSED'],
  JOINING: ['SYNCING', 'FAILED', 'CLOSED'],
  SYNCING: ['JOINING', 'REVOKING', 'ASSIGNING', 'FAILED', 'CLOSED'],
  REVOKING: ['JOINING', 'ASSIGNING', 'FAILED', 'CLOSED'],
  ASSIGNING: ['JOINING', 'STABLE', 'FAILED', 'CLOSED'],
  STABLE: ['JOINING', 'FAILED', 'CLOSED'],
  FAILED: ['CLOSED'],
  CLOSED: [],
}
