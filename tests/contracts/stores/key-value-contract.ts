// What every key-value store does, whatever its rows look like and whatever is between it and them.
import fc from 'fast-check'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import type { KeyValueStore, StoreBuilder } from '../../../stores/store.ts'
import type { KeyValueStoreOptions } from '../../../stores/stores.ts'
import { collect, FakeTask } from '../../stores/fake-task.ts'
import type { Backend } from './backends.ts'

export interface KeyValueVariant {
  readonly caching: boolean
  readonly logging: boolean
  readonly makeBackend: () => Backend
  /** Declares a store; what it holds is wrapped and unwrapped by the two below. */
  declare<K, V>(name: string, options: KeyValueStoreOptions<K, V>): StoreBuilder<KeyValueStore<K, any>>
  entry<V>(value: V, timestamp: number): unknown
  value(entry: any): unknown
}

export function keyValueContract(variant: KeyValueVariant): void {
  const { caching, logging } = variant
  let backend: Backend
  let task: FakeTask
  let store: KeyValueStore<string, any>

  beforeEach(async () => {
    backend = variant.makeBackend()
    task = new FakeTask(await backend.open('0_0'))
    store = build(serdes.string(), serdes.string())
  })

  afterEach(() => backend.destroy())

  function build<K, V>(key: Serde<K>, value: Serde<V>, name = 'store'): KeyValueStore<K, any> {
    return task.build(variant.declare(name, { key, value, caching, logging }))
  }

  const e = (value: unknown) => variant.entry(value, 7)
  const put = (key: string, value: string | null) => store.put(key, value === null ? null : e(value))
  const list = async (entries: AsyncIterable<readonly [string, any]>) =>
    (await collect(entries)).map(([key, entry]) => `${key}=${variant.value(entry)}`)

  describe('single keys', () => {
    it('are put, read, overwritten and deleted', () => {
      expect(store.get('a')).toBeUndefined()
      put('a', '1')
      expect(store.get('a')).toEqual(e('1'))
      put('a', '2')
      expect(store.get('a')).toEqual(e('2'))
      expect(store.delete('a')).toEqual(e('2'))
      expect(store.get('a')).toBeUndefined()
      expect(store.delete('a')).toBeUndefined()
      put('a', '3')
      put('a', null)
      expect(store.get('a')).toBeUndefined()
    })

    it('are put only if absent', () => {
      expect(store.putIfAbsent('a', e('1'))).toBeUndefined()
      expect(store.putIfAbsent('a', e('2'))).toEqual(e('1'))
      expect(store.get('a')).toEqual(e('1'))
    })

    it('are put many at once, in order', () => {
      store.putAll([
        ['a', e('1')],
        ['b', e('2')],
        ['a', e('3')],
        ['b', null],
      ])
      expect(store.get('a')).toEqual(e('3'))
      expect(store.get('b')).toBeUndefined()
    })

    it('are the same if their bytes are', () => {
      const byObject = build(serdes.json<{ id: number }>(), serdes.string(), 'by-object')
      byObject.put({ id: 1 }, e('1'))
      expect(byObject.get({ id: 1 })).toEqual(e('1'))
      const key = { id: 2 }
      byObject.put(key, e('2'))
      key.id = 3
      expect(byObject.get(key)).toBeUndefined()
      expect(byObject.get({ id: 2 })).toEqual(e('2'))

      const byNumber = build(serdes.double(), serdes.string(), 'by-number')
      byNumber.put(0, e('plus'))
      byNumber.put(-0, e('minus'))
      expect([byNumber.get(0), byNumber.get(-0)]).toEqual([e('plus'), e('minus')])
    })
  })

  describe('values', () => {
    it('are what they were when put', () => {
      const objects = build(serdes.string(), serdes.json<{ n: number }>(), 'objects')
      const value = { n: 1 }
      objects.put('a', e(value))
      value.n = 2
      expect(objects.get('a')).toEqual(e({ n: 1 }))
      const read = variant.value(objects.get('a')) as { n: number }
      read.n = 3
      expect(objects.get('a')).toEqual(e({ n: 1 }))
    })

    it('and keys may be Buffers that their owner goes on to use', async () => {
      const bytes = build(serdes.bytes(), serdes.bytes(), 'bytes')
      const [key, value] = [Buffer.from('key'), Buffer.from('value')]
      bytes.put(key, e(value))
      key.write('xxx')
      value.write('xxxxx')
      expect(bytes.get(Buffer.from('key'))).toEqual(e(Buffer.from('value')))
      await task.commit(bytes)
      expect(bytes.get(Buffer.from('key'))).toEqual(e(Buffer.from('value')))
    })
  })

  describe('ranges', () => {
    // Some entries committed, some in the database only, some held back by the cache, if there is one.
    beforeEach(async () => {
      for (const key of ['a', 'ab', 'b', 'c', 'd']) put(key, `${key}1`)
      await task.commit(store)
      put('b', 'b2')
      put('c', null)
      put('e', 'e1')
      store.flush()
      put('ab', 'ab3')
      put('d', null)
      put('bb', 'bb3')
      put('f', 'f3')
      put('f', null)
    })

    it.each<{ what: string; range: () => AsyncIterable<readonly [string, any]>; expected: string[] }>([
      { what: 'all', range: () => store.all(), expected: ['a=a1', 'ab=ab3', 'b=b2', 'bb=bb3', 'e=e1'] },
      { what: 'both ends', range: () => store.range('ab', 'bb'), expected: ['ab=ab3', 'b=b2', 'bb=bb3'] },
      { what: 'from', range: () => store.range('bb', undefined), expected: ['bb=bb3', 'e=e1'] },
      { what: 'to', range: () => store.range(undefined, 'aa'), expected: ['a=a1'] },
      { what: 'the wrong way round', range: () => store.range('e', 'a'), expected: [] },
      { what: 'reverse', range: () => store.reverseRange('a', 'bb'), expected: ['bb=bb3', 'b=b2', 'ab=ab3', 'a=a1'] },
      {
        what: 'reverse, open',
        range: () => store.reverseRange(undefined, undefined),
        expected: ['e=e1', 'bb=bb3', 'b=b2', 'ab=ab3', 'a=a1'],
      },
      { what: 'prefix', range: () => store.prefixScan(Buffer.from('b')), expected: ['b=b2', 'bb=bb3'] },
    ])('$what', async ({ range, expected }) => {
      expect(await list(range())).toEqual(expected)
    })

    it('show the moment at which they were started', async () => {
      const seen: string[] = []
      for await (const [key, entry] of store.all()) {
        if (seen.length === 0) {
          for (const other of ['a', 'ab', 'b', 'bb', 'e', 'g']) put(other, 'later')
          await task.commit(store)
        }
        seen.push(`${key}=${variant.value(entry)}`)
      }
      expect(seen).toEqual(['a=a1', 'ab=ab3', 'b=b2', 'bb=bb3', 'e=e1'])
    })

    it('can be counted', async () => {
      await task.commit(store)
      expect(await store.approximateEntryCount()).toBe(5)
    })

    it('wait for a serde that has to prepare', async () => {
      const prepared: string[] = []
      const careful: Serde<string> = {
        ...serdes.string(),
        prepare: async (topic, bytes) => {
          await Promise.resolve()
          prepared.push(`${topic}: ${bytes}`)
        },
      }
      const other = build(careful, careful, 'other')
      other.put('k', e('v'))
      await collect(other.all())
      expect(prepared).toEqual(['app-other-changelog: k', 'app-other-changelog: v'])
    })
  })

  describe('bad input', () => {
    const argument = (says: string) =>
      expect.objectContaining({
        code: 'STREAMS_INVALID_STORE_ARGUMENT',
        store: 'store',
        message: expect.stringContaining(says),
      })

    it('is refused by the name of the store', () => {
      expect(() => store.put('a', undefined)).toThrow(argument("Store 'store': undefined was put; null deletes"))
      expect(() => store.putAll([['a', undefined]])).toThrow(argument('undefined was put'))
      for (const key of [null, undefined] as any[]) {
        expect(() => store.get(key)).toThrow(argument(`${key} cannot be a key`))
        expect(() => store.put(key, e('1'))).toThrow(argument(`${key} cannot be a key`))
      }
      expect(() => store.prefixScan('b' as any)).toThrow(argument('prefixScan takes a Buffer'))
      expect(store.get('a')).toBeUndefined()
    })

    it('of the wrong type is refused by the name of its topic', () => {
      const wrong = expect.objectContaining({ code: 'STREAMS_SERIALIZATION', topic: 'app-store-changelog' })
      expect(() => store.put('a', variant.entry(7, 7))).toThrow(wrong)
      expect(() => store.get(7 as any)).toThrow(wrong)
    })

    it('from a serde that returns something else than a Buffer is refused', () => {
      const bad = build({ serialize: () => new Uint8Array(1) as any, deserialize: () => 1 }, serdes.string(), 'bad')
      expect(() => bad.get(1)).toThrow('did not return a Buffer')
    })
  })

  it('rolls back with the database', async () => {
    put('a', '1')
    await task.commit(store)
    put('a', '2')
    store.flush()
    put('b', '3')
    task.database.rollback()
    store.discard!()
    store = build(serdes.string(), serdes.string())
    expect(await list(store.all())).toEqual(['a=1'])
    expect(task.budget.usedBytes).toBe(0)
  })

  it('logs to its changelog, if it has one, what restores it', async () => {
    const key = fc.constantFrom('', 'a', 'b', 'ab', 'é', '日本')
    const value = fc.option(fc.constantFrom('', '1', 'long'.repeat(20)))
    const step = fc.oneof(
      { weight: 10, arbitrary: fc.record({ do: fc.constant('put' as const), key, value }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'commit' as const), key, value }) },
    )
    let run = 0
    const program = fc.array(step, { maxLength: 40, size: 'max' })
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const name = `run-${run++}`
        task.changelog.length = 0
        task.budget.limitBytes = run % 2 === 0 ? 1_000_000 : 1_500
        const tested = build(serdes.string(), serdes.string(), name)
        const model = new Map<string, unknown>()
        for (const [i, one] of steps.entries()) {
          task.at(i)
          if (one.do === 'put') {
            const entry = one.value === null ? null : variant.entry(one.value, 100 + i)
            tested.put(one.key, entry)
            if (entry === null) model.delete(one.key)
            else model.set(one.key, entry)
          } else if (one.do === 'commit') await task.commit(tested)
          else tested.flush()
          expect(tested.get(one.key)).toEqual(model.get(one.key))
        }
        const expected = [...model].sort(([x], [y]) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
        expect(await collect(tested.all())).toEqual(expected)
        await task.commit(tested)
        expect(await collect(tested.all())).toEqual(expected)
        expect(task.budget.usedBytes).toBe(0)
        if (!logging) return expect(task.changelog).toEqual([])

        const restored = build(serdes.string(), serdes.string(), `${name}-restored`)
        task.record = undefined
        task.changelog.forEach((record, offset) => {
          restored.restore({ ...record, offset })
        })
        await task.commit(restored)
        expect(await collect(restored.all())).toEqual(expected)
        expect(task.changelog.every(({ headers }) => headers.length === 0)).toBe(true)
      }),
      { seed: 4_711, numRuns: 40 },
    )
  })
}
