// Windows of a user's own: 10 ms, then 20, then 30, and so on; and windows that overlap or leave gaps.
import type { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { windows } from '../../../topology/windows.ts'
import { strings } from '../support/strings.ts'
import { nameOf } from '../support/window-task.ts'
import { long, runWindowed } from './support.ts'

const concat = (left: string, right: string) => left + right
/** The n-th is 10 × n long: [0, 10), [10, 30), [30, 60), [60, 100), [100, 150)… up to 1 s. */
const growing = (graceMs = 0) =>
  windows.custom({
    windowOf: (timestampMs) => {
      let [startMs, sizeMs] = [0, 10]
      while (timestampMs >= startMs + sizeMs) {
        startMs += sizeMs
        sizeMs += 10
      }
      return { startMs, endMs: startMs + sizeMs }
    },
    maxSizeMs: 1_000,
    graceMs,
  })

describe('windows that follow each other, of several lengths', () => {
  it('have counts of their own, with their own ends', async () => {
    const { results } = await runWindowed(
      (stream) => stream.windowedBy(growing()).count(),
      [
        ['a', 0],
        ['b', 9],
        ['c', 10],
        ['d', 29],
        ['e', 99],
      ],
    )

    expect(results).toEqual([
      ['k@0-10', 1, 0],
      ['k@0-10', 2, 9],
      ['k@10-30', 1, 10],
      ['k@10-30', 2, 29],
      ['k@60-100', 1, 99],
    ])
  })

  it.each([
    { streamTimeMs: 34, late: 0, why: 'grace goes on' },
    { streamTimeMs: 35, late: 1, why: 'grace ends here' },
  ])('take records until their own end and grace, at stream time $streamTimeMs: $why', async ({ streamTimeMs, late }) => {
    const { results, dropped } = await runWindowed(
      (stream) => stream.windowedBy(growing(5)).reduce(concat),
      [
        ['a', 15],
        ['clock', streamTimeMs],
        ['b', 29],
      ],
    )

    expect(dropped.late).toBe(late)
    expect(results.at(-1)![1]).toBe(late === 1 ? 'clock' : 'ab')
  })

  it('emit each window once when it has closed, in the order of their ends', async () => {
    const { results } = await runWindowed(
      (stream) => stream.windowedBy(growing(5), { emit: 'on-window-close' }).reduce(concat),
      [
        ['a', 12],
        ['b', 3, 'l'],
        ['c', 2],
        ['d', 28],
        ['e', 34],
        ['f', 35],
        ['g', 10_000],
      ],
    )

    expect(results).toEqual([
      ['k@0-10', 'c', 2],
      ['l@0-10', 'b', 3],
      ['k@10-30', 'ad', 28],
      ['k@30-60', 'ef', 35],
    ])
  })
})
