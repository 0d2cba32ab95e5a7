import { isLive, PlainShow } from '../../../examples/demo/show.ts'
import { until } from '../../support/until.ts'
import { THREE } from './snapshots.ts'

describe('a live view', () => {
  it.each([
    { isTTY: true, env: { TERM: 'xterm' }, live: true, why: 'somebody watches' },
    { isTTY: true, env: {}, live: true, why: 'TERM is not known on Windows' },
    { isTTY: false, env: { TERM: 'xterm' }, live: false, why: 'the output goes to a file or a pipe' },
    { isTTY: true, env: { CI: 'true' }, live: false, why: 'it is a build' },
    { isTTY: true, env: { NO_COLOR: '1' }, live: false, why: 'the user wants plain text' },
    { isTTY: true, env: { NO_COLOR: '' }, live: true, why: 'an empty NO_COLOR asks for nothing' },
    { isTTY: true, env: { TERM: 'dumb' }, live: false, why: 'the terminal cannot move its cursor' },
  ])('is shown: $live, because $why', ({ isTTY, env, live }) => {
    expect(isLive({ isTTY }, env)).toBe(live)
  })
})

describe('plain lines', () => {
  it('tell where it runs, each event as it happens, and the progress every second; without an escape code', async () => {
    const lines: string[] = []
    const show = new PlainShow((line) => lines.push(line))
    show.open(() => THREE)
    for (const event of THREE.events) show.event(event)
    await until('a line of progress', () => lines.length > 4)
    show.close()
    expect(lines.slice(0, 5)).toEqual([
      'cluster: a cluster inside this process',
      '  4.1 s  3 processes share 8 tasks',
      '  7.1 s  b killed with SIGKILL (pid 4711) while it ran totals 0 2',
      ' 10.3 s  a warn: two lines [31m and a colour',
      ' 12.3 s  15,000 of 30,000 flights counted, 2,512/s, lag 1,000, 398 commits',
    ])
  })
})
