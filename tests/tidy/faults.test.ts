// docs/faults.md names a test for every fault: it has to exist.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './sources.ts'

const rows = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| fault |'))
  .map((line) => line.split(' | '))

describe('docs/faults.md', () => {
  it.each(rows.map((cells) => [cells[0]!.slice(2), cells.at(-1)!.replace(/ \|$/, '')]))('%s', (_, shownBy) => {
    let folder = ''
    const missing = shownBy.split(', ').filter((path) => {
      // Several tests of one folder: it is named with the first.
      const full = path.includes('/') ? path : join(folder, path)
      folder = dirname(full)
      return !existsSync(join(ROOT, full))
    })

    expect(missing).toEqual([])
  })

  it('has rows of four cells', () => {
    expect(rows.length).toBeGreaterThan(40)
    expect(rows.filter((cells) => cells.length !== 4)).toEqual([])
  })
})
