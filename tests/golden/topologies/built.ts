import { serdes } from '../../../lib/serde/index.ts'
import type { BuildOptions } from '../../../topology/options.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import type { Topology } from '../../../topology/topology.ts'

export const S = serdes.string()
export const L = serdes.long()
/** For cases whose longs go beyond what a number holds. */
export const BIG = serdes.bigint()
export const strings = { key: S, value: S }

type Build = (builder: StreamsBuilder) => void

/** Makes topologies of what is done to a builder, by case name. */
export function built(
  builds: Readonly<Record<string, Build>>,
  options: BuildOptions = {},
): ReadonlyMap<string, () => Topology> {
  return new Map(
    Object.entries(builds).map(([name, build]) => [
      name,
      () => {
        const builder = new StreamsBuilder()
        build(builder)
        return builder.build(options)
      },
    ]),
  )
}
