import { parseArgs } from 'node:util'
import { count, oneOf } from '../../tools/option-values.ts'
import type { KillRunOptions } from './kill-run.ts'

export interface KillOptions
  extends Pick<
    KillRunOptions,
    'client' | 'guarantee' | 'scope' | 'isStatic' | 'keys' | 'kills' | 'recordsPerSecond' | 'seed'
  > {
  /** Undefined: one is started for the run. */
  readonly brokers: string | undefined
}

export const USAGE = `npm run kill-test -- [options]
  --client C       millrace (default) or java
  --guarantee G    exactly_once (default) or at_least_once, of millrace alone
  --scope S        task (default) or instance: what commits in one transaction, of millrace alone
  --membership M   static (default) or dynamic, of java alone
  --keys N         keys of state (default 1000000)
  --kills N        how often it is killed (default 200)
  --rate N         records a second meanwhile (default 2000)
  --seed N         which keys, and when (default 1)
  --brokers B      host:port, of a cluster that runs already (default: one is started)`

/** @throws TypeError with what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): KillOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      client: { type: 'string', default: 'millrace' },
      guarantee: { type: 'string', default: 'exactly_once' },
      scope: { type: 'string', default: 'task' },
      membership: { type: 'string', default: 'static' },
      keys: { type: 'string', default: '1000000' },
      kills: { type: 'string', default: '200' },
      rate: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      brokers: { type: 'string' },
    },
  })
  const client = oneOf('client', values.client, ['millrace', 'java'])
  const guarantee = oneOf('guarantee', values.guarantee, ['exactly_once', 'at_least_once'])
  if (client === 'java' && guarantee === 'at_least_once')
    throw new TypeError('--guarantee at_least_once is of millrace alone')
  return {
    client,
    guarantee,
    scope: oneOf('scope', values.scope, ['task', 'instance']),
    isStatic: oneOf('membership', values.membership, ['static', 'dynamic']) === 'static',
    keys: count('keys', values.keys),
    kills: count('kills', values.kills),
    recordsPerSecond: count('rate', values.rate),
    seed: count('seed', values.seed),
    brokers: values.brokers,
  }
}
