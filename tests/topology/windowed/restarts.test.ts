// Windows over the life of an application: what was counted and what was emitted before a restart is known after it.
import { serdes } from '../../../lib/serde/index.ts'
import type { Topology } from '../../../topology/topology.ts'
import { windows } from '../../../topology/windows.ts'
import { TestApp } from '../../support/test-app.ts'
import { windowedTopology } from './support.ts'

const app = (settings = {}) => new TestApp({ emitIntervalMs: 0, ...settings }).topics({ in: 1, out: 1 })
const asText = { value: serdes.string() }

const hopping = windows.hopping({ sizeMs: 20, advanceMs: 10 })
/** [0, 20), [20, 30), [30, 50), [50, 60)… */
const uneven = windows.custom({
  windowOf: (timestampMs) => {
    const baseMs = timestampMs - (timestampMs % 30)
    return timestampMs < baseMs + 20
      ? { startMs: baseMs, endMs: baseMs + 20 }
      : { startMs: baseMs + 20, endMs: baseMs + 30 }
  },
  maxSizeMs: 20,
})
const kinds: Readonly<Record<string, () => Topology>> = {
  // Shows whether a record is late.
  'time windows, each update': () =>
    windowedTopology((grouped) =>
      grouped.windowedBy(hopping).reduce((left, right) => left + right, { caching: false }),
    ),
  'time windows': () =>
    windowedTopology((grouped) =>
      grouped
        .windowedBy(hopping, { emit: 'on-window-close' })
        .reduce((left, right) => left + right, { ...asText, retentionMs: 1_000 }),
    ),
  'windows of a user’s own, each update': () =>
    windowedTopology((grouped) => grouped.windowedBy(uneven).reduce((left, right) => left + right, { caching: false })),
  'windows of a user’s own': () =>
    windowedTopology((grouped) =>
      grouped.windowedBy(uneven, { emit: 'on-window-close' }).reduce((left, right) => left + right, asText),
    ),
  'sliding windows': () =>
    windowedTopology((grouped) =>
      grouped
        .windowedBy(windows.sliding({ timeDifferenceMs: 20 }), { emit: 'on-window-close' })
        .reduce((left, right) => left + right, { ...asText, retentionMs: 1_000 }),
    ),
  sessions: () =>
    windowedTopology((grouped) =>
      grouped
        .windowedBy(windows.session({ inactivityGapMs: 20 }), { emit: 'on-window-close' })
        .reduce((left, right) => left + right, { ...asText, retentionMs: 1_000 }),
    ),
}

/** What two runs of an application wrote, one after the other; the second with other state, if it is to restore. */
async function outputs(
  topology: () => Topology,
  guarantee: 'exactly_once' | 'at_least_once',
  restart: 'none' | 'restart' | 'restore',
): Promise<readonly string[]> {
  const running = app({ processingGuarantee: guarantee })
  try {
    const first = await running.start(topology(), 'a')
    const feed = async (values: readonly (readonly [string, number])[]) => {
      await running.produce('in', ...values.map(([value, timestamp]) => ({ key: 'k', value, timestamp })))
      await running.caughtUp('in')
    }
    await feed([
      ['a', 25],
      ['b', 30],
      ['c', 61],
    ])
    if (restart !== 'none') {
      await first.close()
      await running.start(topology(), restart === 'restore' ? 'b' : 'a')
    }
    await feed([
      // Late, but not for those that forget stream time.
      ['late', 30],
      ['d', 70],
      ['e', 150],
    ])
    return running.read('out').map(({ key, value, timestamp }) => JSON.stringify([key, value, timestamp]))
  } finally {
    await running.close()
  }
}

describe.each(['exactly_once', 'at_least_once'] as const)('%s: the same with a restart as without', (guarantee) => {
  it.each(Object.keys(kinds))('%s', async (kind) => {
    const without = await outputs(kinds[kind]!, guarantee, 'none')

    expect(without.length).toBeGreaterThan(1)
    expect(await outputs(kinds[kind]!, guarantee, 'restart')).toEqual(without)
    expect(await outputs(kinds[kind]!, guarantee, 'restore')).toEqual(without)
  })
})
