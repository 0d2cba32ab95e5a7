import { parseArgs } from 'node:util'
import type { ProcessingGuarantee } from '../../lib/runtime/config.ts'
import { count, oneOf } from '../option-values.ts'

export interface RunOptions {
  readonly from: number
  readonly seeds: number
  readonly processes: number
  /** Undefined: what each seed says. */
  readonly guarantee: ProcessingGuarantee | undefined
  /** Stop at the first failure. */
  readonly stop: boolean
  readonly trace: boolean
  /** Set by the runner itself: run these seeds and report each as a line of JSON. */
  readonly worker: boolean
}

export const USAGE = `npm run simulate -- [options]
  --seeds N       how many seeds to run (default 100)
  --from N        the first of them (default 1)
  --processes N   how many processes share them (default 1)
  --guarantee G   exactly_once or at_least_once (default: as the seed says)
  --stop          stop at the first failure
  --trace         print everything that happens`

/** @throws TypeError with what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      processes: { type: 'string', default: '1' },
      guarantee: { type: 'string' },
      stop: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
    },
  })
  const { guarantee } = values
  return {
    ...values,
    guarantee: guarantee === undefined ? undefined : oneOf('guarantee', guarantee, ['exactly_once', 'at_least_once']),
    seeds: count('seeds', values.seeds),
    from: count('from', values.from),
    processes: count('processes', values.processes),
  }
}

/** What of these options is part of what a seed means, as arguments. */
export function chosenOf({ guarantee }: RunOptions): readonly string[] {
  return guarantee === undefined ? [] : ['--guarantee', guarantee]
}
