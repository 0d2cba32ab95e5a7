// Flow: snapshots → [view] → lines → screen.
import { airportTable } from './airport-table.ts'
import { instanceTable } from './instance-table.ts'
import type { EventSnapshot, Snapshot } from './snapshot.ts'
import { bar, count, type Line, oneLine, type Piece, right, type Style } from './text.ts'

export interface ViewSize {
  readonly columns: number
  readonly rows: number
}

const MIN_EVENTS = 2
const MAX_EVENTS = 10
const MIN_AIRPORTS = 3
const MAX_AIRPORTS = 20
const MAX_BAR_COLUMNS = 60

/** Everything that is to be seen, in at most as many lines as there are rows. Lines may be wider than the screen: painting cuts them. */
export function view(snapshot: Snapshot, size: ViewSize): readonly Line[] {
  const top = [
    ...title(snapshot, size),
    [],
    ...progress(snapshot, size),
    [],
    ...instanceTable(snapshot, size.columns),
    [],
  ]
  // Below come two lists with a headline and a blank line: they share the rows that are left.
  const free = size.rows - top.length - 3
  const events = Math.min(MAX_EVENTS, Math.max(MIN_EVENTS, Math.floor(free * 0.45)))
  const airports = Math.min(MAX_AIRPORTS, Math.max(MIN_AIRPORTS, free - events))
  const lines = [
    ...top,
    ...airportTable(snapshot, { columns: size.columns, count: airports }),
    [],
    [[' what happened', 'dim']] as Line,
    ...snapshot.events.slice(-events).map(eventLine),
  ]
  return lines.slice(0, size.rows)
}

function title({ cluster, guarantee }: Snapshot, { columns }: ViewSize): readonly Line[] {
  const name = ' Millrace'
  const what = '  Kafka Streams for Node.js'
  return [
    [
      [name, 'bold'],
      [what, 'dim'],
      [right(cluster, Math.max(cluster.length + 2, columns - name.length - what.length - 2)), 'dim'],
    ],
    [
      [' flights'],
      [' ─▶ ', 'cyan'],
      ['repartition by airport'],
      [' ─▶ ', 'cyan'],
      ['totals'],
      [' ─▶ ', 'cyan'],
      ['airport-delays'],
      guarantee === 'exactly_once' ? ['   exactly once', 'green'] : ['   at least once', 'yellow'],
    ],
  ]
}

function progress(snapshot: Snapshot, { columns }: ViewSize): readonly Line[] {
  const { total, produced, counted, rate, commits, seconds } = snapshot
  const numbers = `  ${count(counted)} of ${count(total)} flights`
  const width = Math.max(8, Math.min(MAX_BAR_COLUMNS, columns - numbers.length - 2 - 6))
  // What is on the cluster and not counted yet is the lag.
  const done = bar(counted / total, width)
  const waiting = Math.max(0, Math.round((produced / total) * width) - done.length)
  const rest = width - done.length - waiting
  const percent = `${Math.floor((100 * counted) / total)} %`
  return [
    [
      [' '],
      [done, 'green'],
      ['▒'.repeat(waiting), 'yellow'],
      ['░'.repeat(Math.max(0, rest)), 'dim'],
      [right(percent, 6)],
      [numbers],
    ],
    asFarAsTheyFit(columns - 1, [
      [[right(`${seconds.toFixed(1)} s`, 7)]],
      [[right(count(rate), 8), 'bold'], [' flights/s']],
      pair('lag', count(Math.max(0, produced - counted)), 7),
      pair('commits', count(commits), 6),
      risen(snapshot),
    ]),
  ]
}

// Half a number would be a wrong number.
function asFarAsTheyFit(columns: number, groups: readonly Line[]): Line {
  const fitting: Piece[] = []
  let width = 0
  for (const group of groups) {
    width += group.reduce((sum, [text]) => sum + text.length, 0)
    if (width > columns) break
    fitting.push(...group)
  }
  return fitting
}

// Of fixed widths: numbers that grow do not push the others about.
function pair(name: string, value: string, width: number): Line {
  return [[`  ${name}`, 'dim'], [right(value, width)]]
}

// The promise of exactly once, as a reader of the output sees it.
function risen({ results, notRisen }: Snapshot): Line {
  return [
    ['  results', 'dim'],
    [right(count(results), 7)],
    notRisen === 0 ? [' all rising', 'green'] : [` ${count(notRisen)} NOT rising`, 'red'],
  ]
}

const TONES: Readonly<Record<EventSnapshot['tone'], Style | undefined>> = {
  plain: undefined,
  good: 'green',
  bad: 'red',
  log: 'yellow',
}

function eventLine({ seconds, text, tone }: EventSnapshot): Line {
  const style = TONES[tone]
  return [
    [right(seconds.toFixed(1), 6), 'dim'],
    [' s  ', 'dim'],
    style === undefined ? [oneLine(text)] : [oneLine(text), style],
  ]
}
