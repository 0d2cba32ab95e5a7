import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { simulate } from '../../lib/testing/index.ts'

const RUNNER = join(import.meta.dirname, '../../tools/simulate.ts')

async function traceOf(seed: number): Promise<readonly string[]> {
  const lines: string[] = []
  await simulate({ seed, trace: (line) => lines.push(line) })
  return lines
}

describe('a simulated cluster', () => {
  it.each([1, 2, 3])('runs the same again, to the byte: seed %i', async (seed) => {
    const first = await traceOf(seed)
    expect(first.length).toBeGreaterThan(500)
    expect(await traceOf(seed)).toEqual(first)
  })

  it('runs the same in another process, and without being watched', async () => {
    const first = await traceOf(7)
    const other = execFileSync(process.execPath, [RUNNER, '--seeds', '1', '--from', '7', '--trace'], {
      encoding: 'utf8',
    })
    expect(other.split('\n').slice(0, first.length)).toEqual(first)
    const { virtualMs, faults } = await simulate({ seed: 7 })
    const watched = await simulate({ seed: 7, trace: () => {} })
    expect(watched).toEqual(expect.objectContaining({ virtualMs, faults }))
  })

  it('runs under the guarantee that was asked for', async () => {
    for (const guarantee of ['exactly_once', 'at_least_once'] as const) {
      const result = await simulate({ seed: 7, guarantee })
      expect(result).toEqual(expect.objectContaining({ guarantee, violations: [] }))
    }
  })

  it('runs otherwise for another seed', async () => {
    expect(await traceOf(1)).not.toEqual(await traceOf(2))
  })
})
