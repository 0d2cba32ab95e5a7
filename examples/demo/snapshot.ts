// All that there is to see at one moment.
import type { ProcessingGuarantee } from '../../lib/index.ts'
import type { DemoTask } from './reports.ts'

export interface InstanceSnapshot {
  readonly name: string
  /** A state of KafkaStreams; or STARTING and KILLED, of its process. */
  readonly state: string
  readonly tasks: readonly DemoTask[]
  /** Records a second, of all its tasks. */
  readonly rate: number
  readonly commits: number
  /** Changelog records that it had to read since its last start. */
  readonly restored: number
}

export interface AirportSnapshot {
  readonly iata: string
  readonly name: string
  readonly flights: number
  readonly meanDelayMin: number
}

export interface EventSnapshot {
  readonly seconds: number
  readonly text: string
  readonly tone: 'plain' | 'good' | 'bad' | 'log'
}

export interface Snapshot {
  readonly cluster: string
  readonly guarantee: ProcessingGuarantee
  readonly seconds: number
  readonly partitions: number
  /** Flights: how many there will be, are on the cluster, and are in the committed results. */
  readonly total: number
  readonly produced: number
  readonly counted: number
  /** Flights counted a second, lately. */
  readonly rate: number
  readonly commits: number
  /** Committed results read, and how many of them were not above the one before. */
  readonly results: number
  readonly notRisen: number
  readonly instances: readonly InstanceSnapshot[]
  readonly airportCount: number
  /** The busiest first. */
  readonly airports: readonly AirportSnapshot[]
  /** The oldest first. */
  readonly events: readonly EventSnapshot[]
}
