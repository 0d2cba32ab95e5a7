import { serdes } from '../../../lib/serde/index.ts'
import type { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { built, L, S, strings } from './built.ts'

/** Three groupings below one change of keys. */
function threeGroupings(b: StreamsBuilder): void {
  const m = b.stream('input', strings).map((v) => [v.slice(0, 1), v], strings)
  m.groupByKey(strings).count({ store: 'counts', key: S }).toStream().to('output', { value: L })
  m.groupByKey(strings)
    .reduce((_, y) => y, { store: 'latest', ...strings })
    .toStream()
    .to('output2')
  m.groupByKey(strings)
    .windowedBy(windows.tumbling({ sizeMs: 10 }))
    .count({ store: 'windowed', key: S })
    .toStream()
    .to('output3', { key: serdes.timeWindowed(S, 10), value: L })
}

export const optimizations = new Map([
  ...built({ 'no-optimise-three-groupings': threeGroupings }),
  ...built(
    {
      'optimise-merge-repartition': threeGroupings,
      'optimise-reuse-source-topic': (b) => {
        const t = b.table('table', { ...strings, store: 'store' })
        b.stream('input', strings)
          .join(t, (x, y) => `${x}@${y}`, { value: S })
          .to('output')
      },
    },
    { optimization: 'all' },
  ),
])
