// What a user's function of windows may say, what it may not, and what follows from it.
import type { Window } from '../../lib/core/windowed.ts'
import type { CustomWindowsOptions } from '../../topology/custom-windows.ts'
import { windows } from '../../topology/windows.ts'

const tens = (timestampMs: number): Window => {
  const startMs = timestampMs - (timestampMs % 10)
  return { startMs, endMs: startMs + 10 }
}
/** Of each 100 ms the first 50, and the ten from 20 on. */
const gappy = (timestampMs: number): Window[] => {
  const baseMs = timestampMs - (timestampMs % 100)
  const all = [
    { startMs: baseMs + 20, endMs: baseMs + 30 },
    { startMs: baseMs, endMs: baseMs + 50 },
  ]
  return all.filter(({ startMs, endMs }) => timestampMs >= startMs && timestampMs < endMs)
}

describe('windows of a time', () => {
  it('are those that the function gives, in its order', () => {
    const { windowsFor } = named(windows.custom({ windowsFor: gappy, maxSizeMs: 50 }))

    expect(windowsFor(125)).toEqual(['120-130', '100-150'])
    expect(windowsFor(130)).toEqual(['100-150'])
    expect(windowsFor(150)).toEqual([])
  })

  it('may come from any iterable', () => {
    const { windowsFor } = named(
      windows.custom({
        *windowsFor(timestampMs) {
          yield tens(timestampMs)
        },
        maxSizeMs: 10,
      }),
    )

    expect(windowsFor(19)).toEqual(['10-20'])
  })

  it('that start before the epoch start with it', () => {
    const custom = windows.custom({ windowOf: (t) => ({ ...before(t) }), maxSizeMs: 10 })
    const { windowsFor } = named(custom)

    expect([0, 6, 7].flatMap(windowsFor)).toEqual(['0-7', '0-7', '7-17'])
    expect(custom.endOf(0)).toBe(7)

    function before(timestampMs: number): Window {
      const startMs = Math.floor((timestampMs + 3) / 10) * 10 - 3
      return { startMs, endMs: startMs + 10 }
    }
  })

  it('may be as long as time', () => {
    const custom = windows.custom({
      windowOf: () => ({ startMs: 0, endMs: Number.MAX_SAFE_INTEGER }),
      maxSizeMs: Number.MAX_SAFE_INTEGER,
    })

    expect(custom.windowsFor(5)).toEqual([{ startMs: 0, endMs: Number.MAX_SAFE_INTEGER }])
  })
})

describe('windowOf', () => {
  it('is asked about each window, not about each record', () => {
    const { asked, custom } = listening()
    const times = [3, 14, 25, 4, 15, 26]

    for (const timestampMs of times) custom.windowsFor(timestampMs)
    const calls = asked.length
    for (let i = 0; i < 100; i++) for (const timestampMs of times) custom.windowsFor(timestampMs)

    expect(calls).toBeGreaterThanOrEqual(3)
    expect(asked).toHaveLength(calls)
  })

  it('is asked again about windows of which it is long ago', () => {
    const { asked, custom } = listening()
    const { windowsFor } = named(custom)

    for (let i = 0; i < 100; i++) expect(windowsFor(i * 10 + 5)).toEqual([`${i * 10}-${i * 10 + 10}`])
    const calls = asked.length
    expect(windowsFor(5)).toEqual(['0-10'])

    expect(asked.length).toBeGreaterThan(calls)
  })

  function listening() {
    const asked: number[] = []
    const windowOf = (timestampMs: number) => {
      asked.push(timestampMs)
      return tens(timestampMs)
    }
    return { asked, custom: windows.custom({ windowOf, maxSizeMs: 10 }) }
  }
})

describe('the end of a window', () => {
  it('follows from its start', () => {
    const custom = windows.custom({ windowsFor: gappy, maxSizeMs: 50 })

    expect([20, 0, 120, 100].map((startMs) => custom.endOf(startMs))).toEqual([30, 50, 130, 150])
  })

  it('is known of more windows than are remembered', () => {
    const custom = windows.custom({ windowOf: tens, maxSizeMs: 10 })

    for (let startMs = 0; startMs < 700_000; startMs += 10) {
      if (custom.endOf(startMs) !== startMs + 10) throw new Error(`the window from ${startMs} ends elsewhere`)
    }
    expect(custom.endOf(0)).toBe(10)
  })

  it.each([25, -5])('is none where no window starts: %p', (startMs) => {
    const custom = windows.custom({ windowsFor: gappy, maxSizeMs: 50 })

    expect(() => custom.endOf(startMs)).toThrow(
      expect.objectContaining({
        code: 'STREAMS_INVALID_WINDOWS',
        timestampMs: startMs,
        message: expect.stringContaining(`windowsFor(${startMs}) of windows.custom gave no window that starts there`),
      }),
    )
  })
})

describe('what is not allowed', () => {
  const maxSizeMs = 10

  it.each<[what: string, options: unknown, message: RegExp]>([
    ['nothing', undefined, /needs a function, but got undefined/],
    ['no function', { maxSizeMs }, /needs a function, but got undefined/],
    ['something else', { windowsFor: [], maxSizeMs }, /needs a function, but got object/],
    ['both functions', { windowsFor: gappy, windowOf: tens, maxSizeMs }, /windowOf or windowsFor, not both/],
    ['no size', { windowOf: tens }, /maxSizeMs must be a whole number of milliseconds, not undefined/],
    ['no length', { windowOf: tens, maxSizeMs: 0 }, /maxSizeMs must be at least 1, not 0/],
    ['a fraction', { windowOf: tens, maxSizeMs: 1.5 }, /maxSizeMs must be a whole number of milliseconds, not 1.5/],
    ['a negative grace', { windowOf: tens, maxSizeMs, graceMs: -1 }, /graceMs must be at least 0, not -1/],
  ])('options: %s', (_, options, message) => {
    expect(() => windows.custom(options as CustomWindowsOptions)).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  it.each<[what: string, windowsFor: (timestampMs: number) => unknown, message: RegExp]>([
    ['nothing', () => undefined, /gave undefined; it must return windows to iterate over/],
    ['null', () => null, /gave null; it must return windows/],
    ['a window alone', tens, /gave object; it must return windows/],
    ['a promise', async () => [tens(12)], /gave object; it must return windows/],
    ['no window', () => [undefined], /gave \{ startMs: undefined, endMs: undefined \}: .* \(is a return missing/],
    ['null for a window', () => [null], /gave \{ startMs: undefined/],
    ['a date', () => [{ startMs: new Date(10), endMs: 20 }], /both must be whole milliseconds/],
    ['a fraction', () => [{ startMs: 9.5, endMs: 20 }], /gave \{ startMs: 9\.5, endMs: 20 \}/],
    ['not a number', () => [{ startMs: Number.NaN, endMs: 20 }], /gave \{ startMs: NaN/],
    ['a bigint', () => [{ startMs: 10n, endMs: 20n }], /both must be whole milliseconds/],
    ['an end before the start', () => [{ startMs: 12, endMs: 11 }], /\[12, 11\): it must end after it starts/],
    ['no length', () => [{ startMs: 12, endMs: 12 }], /\[12, 12\): it must end after it starts/],
    ['a start beyond the time', () => [{ startMs: 13, endMs: 20 }], /\[13, 20\), in which it is not/],
    ['an end at the time', () => [{ startMs: 5, endMs: 12 }], /\[5, 12\), in which it is not/],
    ['too long a window', () => [{ startMs: 10, endMs: 21 }], /\[10, 21\), longer than its maxSizeMs, 10: raise that/],
    [
      'two with one start',
      () => [
        { startMs: 10, endMs: 20 },
        { startMs: 10, endMs: 15 },
      ],
      /two windows with one start/,
    ],
    [
      'two that start before the epoch',
      () => [
        { startMs: -1, endMs: 20 },
        { startMs: -2, endMs: 20 },
      ],
      /longer than its maxSizeMs/,
    ],
    ['too many', endless, /gave more than 10000 windows/],
    ['a window that ends elsewhere', changing(), /\[10, 17\), which for its start, 10, ends at 16/],
    [
      'a window that its start does not know',
      (timestampMs) => [{ startMs: timestampMs - 1, endMs: timestampMs + 1 }],
      /windowsFor\(11\) of windows\.custom gave no window that starts there, but there is one .* of a later time/,
    ],
  ])('windows: %s', (_, windowsFor, message) => {
    const custom = windows.custom({ windowsFor: windowsFor as () => [], maxSizeMs })

    expect(() => custom.windowsFor(12)).toThrow(
      expect.objectContaining({
        name: 'InvalidWindowsError',
        code: 'STREAMS_INVALID_WINDOWS',
        message: expect.stringMatching(message),
      }),
    )
  })

  it('windows of windowOf that overlap', () => {
    const windowOf = (timestampMs: number) => ({ startMs: timestampMs, endMs: timestampMs + 10 })
    const custom = windows.custom({ windowOf, maxSizeMs })

    expect(() => custom.windowsFor(12)).toThrow(
      expect.objectContaining({
        code: 'STREAMS_INVALID_WINDOWS',
        timestampMs: 12,
        message: expect.stringMatching(
          /^windowOf\(12\) .*\[12, 22\), and another window for 21, .* overlap are for windowsFor/,
        ),
      }),
    )
  })

  function* endless(timestampMs: number): Generator<Window> {
    for (;;) yield { startMs: timestampMs, endMs: timestampMs + 1 }
  }

  function changing(): (timestampMs: number) => Window[] {
    let endMs = 18
    return () => [{ startMs: 10, endMs: --endMs }]
  }
})

/** The windows that custom windows give for a time, as `start-end`. */
function named(custom: ReturnType<typeof windows.custom>) {
  return {
    windowsFor: (timestampMs: number) =>
      custom.windowsFor(timestampMs).map(({ startMs, endMs }) => `${startMs}-${endMs}`),
  }
}
