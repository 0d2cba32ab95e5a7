// Pieces of text of known widths, for the view. One character is one column: names and numbers here are Latin.

/** 12,345 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Makes text safe to stand in one line of a terminal: control characters would move the cursor. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
}

/** Cut to a width, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text
  return width <= 0 ? '' : `${text.slice(0, width - 1)}…`
}

/** Exactly this wide, text at the left. */
export function left(text: string, width: number): string {
  return cut(text, width).padEnd(width)
}

/** Exactly this wide, text at the right: numbers stand below each other. */
export function right(text: string, width: number): string {
  return cut(text, width).padStart(width)
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar for a fraction from 0 to 1, to an eighth of a column; as wide as its fraction, at most `width`. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8)
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'blue'

/** A piece of a line: its text and how it looks. */
export type Piece = readonly [text: string, style?: Style]
export type Line = readonly Piece[]

const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 }

/** A line as a terminal takes it, at most `width` columns wide; without `colour` it has no escape codes. */
export function paint(line: Line, width: number, colour: boolean): string {
  let painted = ''
  let leftOver = width
  for (const [text, style] of line) {
    const shown = text.length > leftOver ? cut(text, leftOver) : text
    leftOver -= shown.length
    painted += colour && style !== undefined && shown !== '' ? `\u001b[${CODES[style]}m${shown}\u001b[0m` : shown
  }
  return colour ? painted : painted.trimEnd()
}
