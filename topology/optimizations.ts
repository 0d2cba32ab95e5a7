import { InvalidArgumentError } from './errors.ts'
import type { BuildOptions, Optimization } from './options.ts'

const ALL: readonly Optimization[] = [
  'reuse.ktable.source.topics',
  'merge.repartition.topics',
  'single.store.self.join',
]

/**
 * The rewrites that were asked for.
 *
 * @throws InvalidArgumentError `STREAMS_INVALID_ARGUMENT`: a name that is none.
 */
export function optimizationsOf({ optimization = 'none' }: BuildOptions): ReadonlySet<Optimization> {
  if (optimization === 'none') return new Set()
  if (optimization === 'all') return new Set(ALL)
  const unknown = [optimization].flat().filter((name) => !ALL.includes(name as Optimization))
  if (unknown.length === 0) return new Set(optimization)
  throw new InvalidArgumentError(
    'build',
    `optimization '${unknown[0]}' does not exist; it must be 'none', 'all' or a list of ${ALL.join(', ')}.`,
  )
}
