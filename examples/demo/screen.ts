// Flow: lines → [screen] → terminal.
import type { Line } from './text.ts'
import { paint } from './text.ts'
import type { ViewSize } from './view.ts'

const ESC = '\u001b['
/** The other screen of the terminal, without a cursor: what was there before comes back at the end. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}2J`
const LEAVE = `${ESC}?25h${ESC}?1049l`
/** Terminals that know these show a frame when it is complete; others ignore them. */
const BEGIN_FRAME = `${ESC}?2026h`
const END_FRAME = `${ESC}?2026l`
const HOME = `${ESC}H`
const CLEAR_TO_END_OF_LINE = `${ESC}K`
const CLEAR_BELOW = `${ESC}J`
const CLEAR = `${ESC}2J`

const FALLBACK: ViewSize = { columns: 80, rows: 24 }

/** What of a terminal the screen uses: process.stdout has it. */
export interface Terminal {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

/** A pseudo-terminal without a window has the size 0. */
export function sizeOf({ columns, rows }: Pick<Terminal, 'columns' | 'rows'>): ViewSize {
  return { columns: columns || FALLBACK.columns, rows: rows || FALLBACK.rows }
}

/** Draws frames over each other, each in one write from the top left, so that nothing flickers. */
export class Screen {
  readonly #terminal: Terminal
  readonly #frame: (size: ViewSize) => readonly Line[]
  #isOpen = false
  readonly #resized = (): void => {
    // The terminal may have wrapped what was there.
    this.#terminal.write(CLEAR)
    this.draw()
  }
  readonly #exiting = (): void => this.close()

  /** @param frame - Asked for the lines whenever they are drawn. */
  constructor(terminal: Terminal, frame: (size: ViewSize) => readonly Line[]) {
    this.#terminal = terminal
    this.#frame = frame
  }

  open(): void {
    this.#isOpen = true
    this.#terminal.write(ENTER)
    this.#terminal.on('resize', this.#resized)
    // However the process ends, short of kill -9, the terminal gets its cursor back.
    process.on('exit', this.#exiting)
  }

  draw(): void {
    if (!this.#isOpen) return
    const { columns, rows } = sizeOf(this.#terminal)
    // The last column stays free: a terminal that has just filled it would clear it again with the rest of the line.
    const lines = this.#frame({ columns, rows }).slice(0, rows)
    const text = lines.map((line) => paint(line, columns - 1, true) + CLEAR_TO_END_OF_LINE).join('\r\n')
    this.#terminal.write(`${BEGIN_FRAME}${HOME}${text}${CLEAR_BELOW}${END_FRAME}`)
  }

  /** Gives the terminal back as it was. Closing twice does nothing. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#terminal.off('resize', this.#resized)
    process.off('exit', this.#exiting)
    this.#terminal.write(LEAVE)
  }
}
