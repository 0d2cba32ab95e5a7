// What an instance of the demo tells about itself, within one process or from another: plain data.

import type { ProcessingGuarantee } from '../../lib/index.ts'

/** A task: a stage of the topology over one partition number. */
export interface DemoTask {
  readonly stage: 'flights' | 'totals'
  readonly partition: number
}

export type Report =
  | { readonly kind: 'state'; readonly state: string }
  | { readonly kind: 'tasks'; readonly tasks: readonly DemoTask[] }
  | { readonly kind: 'restored'; readonly partition: number; readonly records: number; readonly ms: number }
  | { readonly kind: 'counters'; readonly processed: number; readonly commits: number }
  | { readonly kind: 'log'; readonly level: 'warn' | 'error'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }

/** What an instance is started with; mostly the configuration of KafkaStreams. */
export interface InstanceConfig {
  readonly applicationId: string
  readonly stateDir: string
  /** Null: the cluster of the demo's own process. */
  readonly brokers: readonly string[] | null
  readonly sessionTimeoutMs: number
  readonly processingGuarantee: ProcessingGuarantee
  readonly commitIntervalMs: number
}
