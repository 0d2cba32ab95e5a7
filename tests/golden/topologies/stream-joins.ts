import { windows } from '../../../topology/windows.ts'
import { built, S, strings } from './built.ts'

const within = windows.join
const slash = (x: string | null, y: string | null) => `${x}/${y}`
const text = { value: S }

export const streamJoins = new Map([
  ...built({
    'ss-join-inner': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.join(rt, slash, { within: within({ withinMs: 10 }), name: 'jn', store: 'jn', ...text }).to('output')
    },
    'ss-join-left': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.leftJoin(rt, slash, {
        within: within({ withinMs: 10, graceMs: 5 }),
        name: 'lj',
        store: 'lj',
        ...text,
      }).to('output')
    },
    'ss-join-left-many': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.leftJoin(rt, (x, y, k) => `${k}:${x}${y}`, { within: within({ withinMs: 20, graceMs: 10 }), ...text }).to(
        'output',
      )
    },
    'ss-join-outer': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.outerJoin(rt, slash, {
        within: within({ withinMs: 10, graceMs: 5 }),
        name: 'oj',
        store: 'oj',
        ...text,
      }).to('output')
    },
    'ss-join-outer-many': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.outerJoin(rt, (x, y) => `${x}+${y}`, { within: within({ withinMs: 25, graceMs: 15 }), ...text }).to('output')
    },
    'ss-join-outer-asymmetric': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.outerJoin(rt, slash, { within: within({ beforeMs: 0, afterMs: 15, graceMs: 5 }), ...text }).to('output')
    },
    'ss-join-asymmetric': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.join(rt, slash, { within: within({ beforeMs: 2, afterMs: 8, graceMs: 20 }), ...text }).to('output')
    },
    'ss-join-inner-grace-many': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.join(rt, (x, y) => x + y, { within: within({ withinMs: 15, graceMs: 25 }), ...text }).to('output')
    },
    'ss-join-in-memory': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.outerJoin(rt, slash, {
        within: within({ withinMs: 10, graceMs: 10 }),
        store: { left: 'mem-left', right: 'mem-right' },
        persistent: false,
        ...text,
      }).to('output')
    },
    'ss-join-zero-window': (b) => {
      const [l, rt] = [b.stream('left', strings), b.stream('right', strings)]
      l.leftJoin(rt, slash, { within: within({ withinMs: 0 }), ...text }).to('output')
    },
    'ss-join-rekeyed': (b) => {
      const firstLetter = (v: string) => (v.startsWith('z') ? (null as unknown as string) : v.slice(0, 1))
      const l = b.stream('left', strings).selectKey(firstLetter, { key: S })
      const rt = b.stream('right', strings).selectKey(firstLetter, { key: S })
      l.leftJoin(rt, slash, { within: within({ withinMs: 10, graceMs: 10 }), name: 'pair', ...text }).to('output')
    },
    'ss-join-three-way': (b) => {
      const [l, rt, third] = [b.stream('left', strings), b.stream('right', strings), b.stream('input3', strings)]
      l.join(rt, (x, y) => x + y, { within: within({ withinMs: 10, graceMs: 10 }), ...text })
        .outerJoin(third, (x, y) => `${x}*${y}`, { within: within({ withinMs: 20, graceMs: 10 }), ...text })
        .to('output')
    },
    'headers-joins': (b) => {
      const at = (x: string, y: string | null) => `${x}@${y}`
      const t = b.table('table', strings)
      b.stream('input', strings).leftJoin(t, at, text).to('output')
      b.stream('left', strings)
        .leftJoin(b.stream('right', strings), slash, { within: within({ withinMs: 10, graceMs: 5 }), ...text })
        .to('output2')
      b.table('table2', strings)
        .join(t, (x, y) => `${x}+${y}`, text)
        .toStream()
        .to('output3')
    },
    'ss-self-join': (b) => {
      const l = b.stream('input', strings)
      l.join(l, slash, { within: within({ withinMs: 10, graceMs: 5 }), ...text }).to('output')
    },
  }),
  ...built(
    {
      'ss-self-join-optimised': (b) => {
        const l = b.stream('input', strings)
        l.join(l, slash, { within: within({ withinMs: 10, graceMs: 5 }), ...text }).to('output')
      },
    },
    { optimization: 'all' },
  ),
])
