// How a run is shown while it goes on: a live view in a terminal, else plain lines.
import { Screen, type Terminal } from './screen.ts'
import type { EventSnapshot, Snapshot } from './snapshot.ts'
import { count, oneLine } from './text.ts'
import { view } from './view.ts'

const FRAME_MS = 100
const PROGRESS_LINE_MS = 1_000

export interface Show {
  /** Begins; `snapshot` is asked for whatever is to be shown. */
  open(snapshot: () => Snapshot): void
  event(event: EventSnapshot): void
  close(): void
}

/** Whether somebody is likely to watch: a terminal that can move its cursor, and nobody who has asked for plain text. */
export function isLive(
  stdout: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  // By convention (no-color.org) a variable that is set and empty asks for nothing.
  const asks = (name: string) => env[name] !== undefined && env[name] !== ''
  return stdout.isTTY === true && !asks('CI') && !asks('NO_COLOR') && env.TERM !== 'dumb'
}

export class LiveShow implements Show {
  readonly #terminal: Terminal
  #screen: Screen | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  open(snapshot: () => Snapshot): void {
    const screen = new Screen(this.#terminal, (size) => view(snapshot(), size))
    this.#screen = screen
    screen.open()
    screen.draw()
    this.#timer = setInterval(() => screen.draw(), FRAME_MS)
  }

  /** Events are part of the view. */
  event(): void {}

  close(): void {
    clearInterval(this.#timer)
    this.#screen?.close()
  }
}

export class PlainShow implements Show {
  readonly #write: (line: string) => void
  #timer: NodeJS.Timeout | undefined

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  open(snapshot: () => Snapshot): void {
    this.#write(`cluster: ${snapshot().cluster}`)
    this.#timer = setInterval(() => {
      const now = snapshot()
      if (now.produced > 0 && now.counted < now.total) this.#write(progressLine(now))
    }, PROGRESS_LINE_MS)
  }

  event(event: EventSnapshot): void {
    this.#write(eventText(event))
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

export function eventText({ seconds, text }: EventSnapshot): string {
  return `${seconds.toFixed(1).padStart(5)} s  ${oneLine(text)}`
}

function progressLine({ seconds, counted, total, rate, produced, commits }: Snapshot): string {
  const parts = [
    `${count(counted)} of ${count(total)} flights counted`,
    `${count(rate)}/s`,
    `lag ${count(Math.max(0, produced - counted))}`,
    `${count(commits)} commits`,
  ]
  return `${seconds.toFixed(1).padStart(5)} s  ${parts.join(', ')}`
}
