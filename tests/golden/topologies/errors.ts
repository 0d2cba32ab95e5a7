import { built, L, S, strings } from './built.ts'

const longs = { key: S, value: L }

export const errors = built({
  'error-deserialization-continue': (b) =>
    b
      .stream('input', longs)
      .groupByKey()
      .reduce((x, y) => x + y, { store: 'sums' })
      .toStream()
      .to('output'),
  'error-deserialization-dlq': (b) =>
    b
      .stream('input', longs)
      .mapValues((v) => (v === null ? null : v + 1), { value: L })
      .to('output', longs),
  'error-processing-continue-dlq': (b) => {
    const input = b.stream('input', strings)
    input
      .mapValues(
        (v) => {
          if (v === 'boom') throw new Error('boom value')
          return `${v}!`
        },
        { value: S },
      )
      .to('output')
    input.groupByKey().count({ store: 'counts' }).toStream().to('output2')
  },
  'error-processing-after-rekey-dlq': (b) =>
    b
      .stream('input', strings)
      .selectKey((v) => v.slice(0, 1), { key: S })
      .groupByKey({ name: 'grouped' })
      .reduce(
        (x, y) => {
          if (y === 'zbad') throw new Error('bad value')
          return x + y
        },
        { store: 'reduced' },
      )
      .toStream()
      .to('output'),
})
