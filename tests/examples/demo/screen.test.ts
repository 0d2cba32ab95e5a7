import { EventEmitter } from 'node:events'
import { Screen } from '../../../examples/demo/screen.ts'
import type { Line } from '../../../examples/demo/text.ts'
import type { ViewSize } from '../../../examples/demo/view.ts'

class FakeTerminal extends EventEmitter {
  columns = 20
  rows = 3
  readonly writes: string[] = []

  write(text: string): void {
    this.writes.push(text)
  }
}

const LINES: readonly Line[] = [[['first']], [['second, which is longer than the screen']], [['third']], [['too many']]]

function opened(lines: readonly Line[] = LINES) {
  const terminal = new FakeTerminal()
  const sizes: ViewSize[] = []
  const screen = new Screen(terminal, (size) => {
    sizes.push(size)
    return lines
  })
  screen.open()
  return { terminal, screen, sizes }
}

describe('the screen', () => {
  it('draws a frame in one write, from the top left, clearing what was longer before', () => {
    const { terminal, screen } = opened()
    terminal.writes.length = 0
    screen.draw()
    screen.close()
    expect(terminal.writes[0]).toBe(
      '\u001b[?2026h\u001b[Hfirst\u001b[K\r\nsecond, which is l…\u001b[K\r\nthird\u001b[K\u001b[J\u001b[?2026l',
    )
  })

  it('hides the cursor on another screen, and gives both back once', () => {
    const { terminal, screen } = opened()
    expect(terminal.writes).toEqual(['\u001b[?1049h\u001b[?25l\u001b[2J'])
    screen.close()
    screen.close()
    expect(terminal.writes.slice(1)).toEqual(['\u001b[?25h\u001b[?1049l'])
  })

  it('draws nothing once it is closed, whatever comes late', () => {
    const { terminal, screen } = opened()
    screen.close()
    const count = terminal.writes.length
    screen.draw()
    terminal.emit('resize')
    expect(terminal.writes).toHaveLength(count)
  })

  it('clears and draws anew when the terminal gets another size', () => {
    const { terminal, screen, sizes } = opened()
    terminal.columns = 40
    terminal.rows = 10
    terminal.emit('resize')
    screen.close()
    expect(sizes).toEqual([{ columns: 40, rows: 10 }])
    expect(terminal.writes[1]).toBe('\u001b[2J')
    expect(terminal.writes[2]).toContain('too many')
  })

  it('gives the terminal back when the process exits, and leaves no listener behind', () => {
    const before = process.listenerCount('exit')
    const { terminal, screen } = opened()
    const exiting = process.listeners('exit').at(-1) as () => void
    expect(process.listenerCount('exit')).toBe(before + 1)
    exiting()
    expect(terminal.writes.at(-1)).toBe('\u001b[?25h\u001b[?1049l')
    expect(process.listenerCount('exit')).toBe(before)
    screen.close()
    expect(terminal.listenerCount('resize')).toBe(0)
  })

  it.each([undefined, 0])('takes an ordinary size where the terminal says %p', (size) => {
    const { terminal, screen, sizes } = opened()
    Object.assign(terminal, { columns: size, rows: size })
    screen.draw()
    screen.close()
    expect(sizes).toEqual([{ columns: 80, rows: 24 }])
  })
})
