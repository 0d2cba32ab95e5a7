import { describe, expect, it } from '@jest/globals'
import { ChangelogEnd } from '../../../lib/runtime/changelog-end.ts'

/** Of a store that holds the changelog up to offset 10. */
function endAt10(): ChangelogEnd {
  const end = new ChangelogEnd()
  end.begin(10)
  return end
}

describe('the end of a changelog', () => {
  it('is noted with the rows while nobody else writes', () => {
    const end = endAt10()
    expect(end.sent(3, 12)).toBe(0)
    expect(end.note()).toBe(13)
    expect(end.isAhead).toBe(false)
    end.committed()
    expect(end.sent(0, undefined)).toBe(0)
    expect(end.note()).toBeUndefined()
  })

  it("passes somebody else's records only when the offsets are committed", () => {
    const end = endAt10()
    expect(end.sent(3, 14)).toBe(2)
    expect(end.note()).toBeUndefined()
    end.committed()
    expect(end.isAhead).toBe(true)
    expect(end.sent(1, 15)).toBe(0)
    expect(end.note()).toBe(16)
  })

  it('still lags behind them when the commit did not take place', () => {
    const end = endAt10()
    expect(end.sent(3, 14)).toBe(2)
    expect(end.sent(1, 15)).toBe(2)
    expect(end.note()).toBeUndefined()
  })

  it.each([true, false])(
    'lags behind records whose place is not known, which are nobody else’s; committed: %s',
    (committed) => {
      const end = endAt10()
      expect(end.sent(3, undefined)).toBe(0)
      expect(end.note()).toBeUndefined()
      if (committed) end.committed()
      expect(end.isAhead).toBe(false)
      expect(end.sent(2, 14)).toBe(0)
      expect(end.note()).toBe(15)
    },
  )

  it.each([true, false])(
    'goes as far as the last record whose place is known, once that is certain; committed: %s',
    (committed) => {
      const end = endAt10()
      expect(end.sent(3, 11)).toBe(0)
      expect(end.note()).toBeUndefined()
      if (committed) end.committed()
      expect(end.note()).toBe(committed ? 12 : undefined)
      expect(end.sent(2, 14)).toBe(0)
      expect(end.note()).toBe(15)
    },
  )

  it("tells somebody else's records from those whose place was not known", () => {
    const end = endAt10()
    end.sent(3, undefined)
    end.committed()
    expect(end.sent(2, 18)).toBe(4)
    expect(end.note()).toBeUndefined()
  })

  it('begins anew with its task', () => {
    const end = endAt10()
    end.sent(3, undefined)
    end.begin(undefined)
    expect(end.sent(1, 0)).toBe(0)
    expect(end.note()).toBe(1)
  })
})
