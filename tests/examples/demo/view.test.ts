import type { Snapshot } from '../../../examples/demo/snapshot.ts'
import { paint } from '../../../examples/demo/text.ts'
import { type ViewSize, view } from '../../../examples/demo/view.ts'
import { BEGINNING, THREE } from './snapshots.ts'

const shown = (snapshot: Snapshot, size: ViewSize) =>
  view(snapshot, size).map((line) => paint(line, size.columns - 1, false))

describe('the view', () => {
  it('of three instances on an ordinary terminal', () => {
    expect(shown(THREE, { columns: 80, rows: 24 })).toEqual([
      ' Millrace  Kafka Streams for Node.js             a cluster inside this process',
      ' flights ─▶ repartition by airport ─▶ totals ─▶ airport-delays   exactly once',
      '',
      ' ███████████████████████▒▒░░░░░░░░░░░░░░░░░░░░░  50 %  15,000 of 30,000 flights',
      ' 12.3 s   2,512 flights/s  lag  1,000  commits   398  results  3,580 all rising',
      '',
      ' instance  state        flights  totals    records/s   commits  restored',
      ' a         RUNNING      0 · 2 ·  · · · 3       1,235       118       635',
      ' b         KILLED       · · · ·  · · · ·           0        89         0',
      ' c         REBALANCING  · · · ·  · 1 · ·           9       191         0',
      '',
      ' the 3 busiest of 217 airports             flights    mean delay',
      ' DFW  Dallas-Fort Worth International        1,200       8.9 min  █████████████',
      ' XXX  An airport whose name is far long…       600      -2.3 min  ██████▌',
      ' ORD                                             1     123.5 min',
      '',
      ' what happened',
      '   4.1 s  3 processes share 8 tasks',
      '   7.1 s  b killed with SIGKILL (pid 4711) while it ran totals 0 2',
      '  10.3 s  a warn: two lines [31m and a colour',
    ])
  })

  it('of one instance that has only just begun, on a narrow terminal', () => {
    expect(shown(BEGINNING, { columns: 60, rows: 24 })).toEqual([
      ' Millrace  Kafka Streams for Node.js  a cluster inside thi…',
      ' flights ─▶ repartition by airport ─▶ totals ─▶ airport-de…',
      '',
      ' ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   0 %  0 of 200,000 flights',
      '  0.0 s       0 flights/s  lag      0  commits     0',
      '',
      ' instance  state        flights  totals    records/s',
      ' a         STARTING     · · · ·  · · · ·           0',
      '',
      ' the busiest airports       flights    mean delay',
      '',
      ' what happened',
    ])
  })

  it('of three instances on a wide terminal', () => {
    const lines = shown(THREE, { columns: 120, rows: 40 })
    expect(lines[0]).toBe(` Millrace  Kafka Streams for Node.js${' '.repeat(53)}a cluster inside this process`)
    expect(lines[3]).toContain(' 50 %  15,000 of 30,000 flights')
    expect(lines.slice(12, 15)).toEqual([
      ' DFW  Dallas-Fort Worth International        1,200       8.9 min  ██████████████████████████████',
      ' XXX  An airport whose name is far long…       600      -2.3 min  ███████████████',
      ' ORD                                             1     123.5 min',
    ])
  })

  it('says which guarantee holds', () => {
    const [, line] = shown({ ...THREE, guarantee: 'at_least_once' }, { columns: 80, rows: 24 })
    expect(line).toMatch(/airport-delays {3}at least once$/)
  })

  it('says in red what must not be', () => {
    const lines = view({ ...THREE, notRisen: 2 }, { columns: 100, rows: 24 })
    expect(lines[4]).toContainEqual([' 2 NOT rising', 'red'])
  })

  const many: Snapshot = {
    ...THREE,
    instances: Array.from('abcdefgh', (name) => ({ ...THREE.instances[0]!, name })),
    airports: Array.from({ length: 200 }, () => THREE.airports[0]!),
    events: Array.from({ length: 50 }, (_, seconds) => ({ seconds, text: `event ${seconds}`, tone: 'plain' as const })),
  }

  it.each([10, 30, 60, 80, 81, 120, 250].flatMap((columns) => [3, 8, 24, 25, 60].map((rows) => ({ columns, rows }))))(
    'fits $columns columns and $rows rows, with eight instances too',
    (size) => {
      for (const snapshot of [THREE, BEGINNING, many]) {
        const lines = view(snapshot, size)
        expect(lines.length).toBeLessThanOrEqual(size.rows)
        for (const line of lines) {
          expect(paint(line, size.columns - 1, false).length).toBeLessThan(size.columns)
        }
      }
    },
  )

  it('shows the latest events, and as many airports as there is room for', () => {
    const lines = shown(many, { columns: 80, rows: 40 })
    expect(lines.at(-1)).toBe('  49.0 s  event 49')
    expect(lines).toHaveLength(40)
    expect(lines.filter((line) => line.includes('Dallas')).length).toBeGreaterThan(10)
  })

  it('keeps its columns while numbers grow', () => {
    const at = (snapshot: Snapshot) => shown(snapshot, { columns: 90, rows: 24 })[4]!.indexOf('commits')
    const later = { ...THREE, seconds: 123.4, rate: 123_456, produced: 20_000, commits: 9_999 }
    expect(at(later)).toBe(at({ ...THREE, seconds: 1, rate: 1, commits: 1 }))
  })
})
