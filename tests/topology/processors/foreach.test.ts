import { ForeachProcessor } from '../../../topology/processors/foreach.ts'
import { record } from '../support/test-context.ts'

describe('foreach', () => {
  it('runs the action, and makes no promise of its own', () => {
    const seen: unknown[] = []
    const foreach = new ForeachProcessor<string, number>((value, key) => seen.push(key, value))

    expect(foreach.process(record('a', 1))).toBeUndefined()

    expect(seen).toEqual(['a', 1])
  })

  it('fails as the action fails, at once or later', async () => {
    const own = new Error('own')
    const later = new ForeachProcessor<string, number>(async () => {
      throw own
    })
    const atOnce = new ForeachProcessor<string, number>(() => {
      throw own
    })

    await expect(later.process(record('a', 1))).rejects.toBe(own)
    expect(() => atOnce.process(record('a', 1))).toThrow(own)
  })
})
