import fc from 'fast-check'
import { CleanCache } from '../../stores/clean-cache.ts'

const KEYS = 'abcdefghijklmnopqrstuvwxyz'
const bytes = (length: number, fill = 'x') => Buffer.alloc(length, fill)

describe('the clean cache', () => {
  it('gives back what was put, byte for byte, and tells "no value" from "not known"', () => {
    const section = new CleanCache(100_000).section()
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    section.set('value', every)
    section.set('no value', null)
    section.set('empty', bytes(0))
    expect(section.get('value')?.equals(every)).toBe(true)
    expect(section.get('no value')).toBeNull()
    expect(section.get('empty')?.length).toBe(0)
    expect(section.get('never put')).toBeUndefined()
  })

  it('holds no more than its limit, and keeps what is used', () => {
    const section = new CleanCache(100_000).section()
    for (let i = 0; i < 10_000; i++) {
      section.set(`key-${i}`, bytes(100))
      expect(section.get('key-0')?.length).toBe(100)
    }
    const known = Array.from({ length: 10_000 }, (_, i) => section.get(`key-${i}`)).filter(
      (value) => value !== undefined,
    )
    // An entry is some 190 bytes with its overhead.
    expect(known.length).toBeGreaterThan(100_000 / 190 / 4)
    expect(known.length).toBeLessThanOrEqual(100_000 / 190)
  })

  it('does not fill up with what is written again and again', () => {
    const section = new CleanCache(100_000).section()
    section.set('cold', bytes(10))
    for (let i = 0; i < 10_000; i++) section.set(`hot-${i % 100}`, bytes(100))
    expect(section.get('cold')?.length).toBe(10)
  })

  it('counts values that grow', () => {
    const cache = new CleanCache(100_000)
    const section = cache.section()
    for (let i = 0; i < 100; i++) section.set(`key-${i}`, bytes(1))
    for (let i = 0; i < 100; i++) section.set(`key-${i}`, bytes(2_000))
    const known = Array.from({ length: 100 }, (_, i) => section.get(`key-${i}`)).filter((value) => value !== undefined)
    expect(known.length).toBeLessThanOrEqual(50)
  })

  it('counts right when an entry grows past what is left', () => {
    const cache = new CleanCache(100_000)
    const section = cache.section()
    for (let i = 0; i < 45; i++) section.set(`key-${i}`, bytes(1_000))
    section.set('key-0', bytes(3_000))
    const others = cache.youngBytes
    section.set('key-0', bytes(1_000))
    expect(others - cache.youngBytes).toBe(2_000)
    section.clear()
    expect(cache.youngBytes).toBe(0)
  })

  it('forgets the old value of an entry that has grown too large', () => {
    const cache = new CleanCache(100_000)
    const section = cache.section()
    for (const half of ['young', 'old']) {
      section.set('key', bytes(10))
      if (half === 'old') cache.age()
      section.set('key', bytes(50_000))
      expect(section.get('key')).toBeUndefined()
    }
  })

  it('does as a Map that forgets', () => {
    const key = fc.constantFrom(...KEYS)
    const length = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constant(1_000))
    const value = fc.option(fc.tuple(length, fc.constantFrom('x', 'y')).map(([n, fill]) => bytes(n, fill)))
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.tuple(fc.constant('set'), key, value) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('clear'), key, value) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const cache = new CleanCache(6_000)
        const [section, other] = [cache.section(), cache.section()]
        const model = new Map<string, Buffer | null>()
        for (const [what, k, v] of steps) {
          if (what === 'clear') {
            section.clear()
            model.clear()
          } else {
            section.set(k, v)
            other.set(k, bytes(7))
            model.set(k, v)
          }
          for (const one of KEYS) expect([undefined, model.get(one)]).toContainEqual(section.get(one))
          expect(cache.youngBytes).toBeGreaterThanOrEqual(0)
          expect(cache.youngBytes).toBeLessThanOrEqual(3_000)
        }
        section.clear()
        other.clear()
        expect(cache.youngBytes).toBe(0)
      }),
      { seed: 31, numRuns: 50 },
    )
  })

  it('of no size keeps nothing', () => {
    const section = new CleanCache(0).section()
    section.set('key', null)
    expect(section.get('key')).toBeUndefined()
  })
})
