import { bar, count, cut, left, oneLine, paint, right } from '../../../examples/demo/text.ts'

describe('text of a known width', () => {
  it.each([
    { text: 'Newark Intl', width: 11, cut: 'Newark Intl', why: 'it just fits' },
    { text: 'Newark Intl', width: 10, cut: 'Newark In…', why: 'it is too long' },
    { text: 'Newark Intl', width: 1, cut: '…', why: 'there is room for the ellipsis alone' },
    { text: 'Newark Intl', width: 0, cut: '', why: 'there is no room' },
    { text: '', width: 3, cut: '', why: 'there is no text' },
  ])('is cut to $cut: $why', ({ text, width, cut: expected }) => {
    expect(cut(text, width)).toBe(expected)
    expect(left(text, width)).toHaveLength(width)
    expect(right(text, width)).toHaveLength(width)
  })

  it('stands at the left or at the right', () => {
    expect(left('ab', 4)).toBe('ab  ')
    expect(right('ab', 4)).toBe('  ab')
  })

  it.each([
    [0, '0'],
    [999.4, '999'],
    [1_234_567, '1,234,567'],
  ])('shows %p as %s', (value, text) => {
    expect(count(value)).toBe(text)
  })

  it.each([
    { fraction: 0, width: 4, shown: '' },
    { fraction: 0.5, width: 4, shown: '██' },
    { fraction: 0.53, width: 4, shown: '██▏' },
    { fraction: 1, width: 4, shown: '████' },
    { fraction: 7, width: 4, shown: '████' },
    { fraction: -1, width: 4, shown: '' },
    { fraction: 1, width: 0, shown: '' },
  ])('a bar of $fraction in $width columns is "$shown"', ({ fraction, width, shown }) => {
    expect(bar(fraction, width)).toBe(shown)
  })

  it('keeps one line a line: what would move the cursor becomes a blank', () => {
    expect(oneLine(' a\r\nb\tc\u001b[2Jd\u009be ')).toBe('a b c [2Jd e')
  })
})

describe('a painted line', () => {
  const line = [['ab', 'red'], ['cdef'], ['gh', 'bold']] as const

  it('has no escape codes without colour, and no blanks at its end', () => {
    expect(paint([...line, ['   ']], 80, false)).toBe('abcdefgh')
  })

  it('is coloured piece by piece', () => {
    expect(paint(line, 80, true)).toBe('\u001b[31mab\u001b[0mcdef\u001b[1mgh\u001b[0m')
  })

  it('is cut by what is seen, not by its codes', () => {
    expect(paint(line, 4, true)).toBe('\u001b[31mab\u001b[0mc…')
    expect(paint(line, 4, false)).toBe('abc…')
    expect(paint(line, 0, true)).toBe('')
  })
})
