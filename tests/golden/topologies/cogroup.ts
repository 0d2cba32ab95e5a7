import { serdes } from '../../../lib/serde/index.ts'
import type { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { built, L, S, strings } from './built.ts'

const grouped = (b: StreamsBuilder, topic: string) => b.stream(topic, strings).groupByKey(strings)
const concat = (all: string, value: string) => all + value

export const cogroups = built({
  'cogroup-plain': (b) => {
    const left = grouped(b, 'left')
    const right = b.stream('right', { key: S, value: L }).groupByKey({ key: S, value: L })
    left
      .cogroup((all: string, value) => `${all}L${value}`)
      .cogroup(right, (all, value) => `${all}R${value}`)
      .aggregate(() => '', { store: 'agg', ...strings })
      .toStream()
      .to('output', strings)
  },
  'cogroup-windowed': (b) => {
    const [left, right] = [grouped(b, 'left'), grouped(b, 'right')]
    left
      .cogroup((all: string, value) => all + value.toUpperCase())
      .cogroup(right, (all, value) => all + value.toLowerCase())
      .windowedBy(windows.tumbling({ sizeMs: 20, graceMs: 10 }))
      .aggregate(() => '', { store: 'windowed', ...strings })
      .toStream()
      .to('output', { key: serdes.timeWindowed(S, 20), value: S })
  },
  'cogroup-sliding-rekeyed': (b) => {
    const left = b.stream('left', strings).groupBy((value) => value[0]!, { name: 'left-grp', ...strings })
    left
      .cogroup(concat)
      .cogroup(grouped(b, 'right'), concat)
      .windowedBy(windows.sliding({ timeDifferenceMs: 15, graceMs: 15 }))
      .aggregate(() => '', { store: 'windowed', ...strings })
      .toStream()
      .to('output', { key: serdes.timeWindowed(S, 15), value: S })
  },
  'cogroup-session': (b) => {
    const [left, right] = [grouped(b, 'left'), grouped(b, 'right')]
    left
      .cogroup((all: string, value) => `${all}<${value}`)
      .cogroup(right, (all, value) => `${all}>${value}`)
      .windowedBy(windows.session({ inactivityGapMs: 12, graceMs: 20 }))
      .aggregate(
        () => '',
        (left, right) => `${left}&${right}`,
        { store: 'sessions', ...strings },
      )
      .toStream()
      .to('output', { key: serdes.sessionWindowed(S), value: S })
  },
})
