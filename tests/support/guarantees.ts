import type { StreamsConfig } from '../../lib/runtime/config.ts'

type Guarantee = Required<Pick<StreamsConfig, 'processingGuarantee' | 'transactionScope'>>

/** Every way to commit: for suites that hold all of them to the same. */
export const guarantees: readonly Guarantee[] = [
  { processingGuarantee: 'exactly_once', transactionScope: 'task' },
  { processingGuarantee: 'exactly_once', transactionScope: 'instance' },
  { processingGuarantee: 'at_least_once', transactionScope: 'task' },
]
