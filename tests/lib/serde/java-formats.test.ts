// The formats of internal topics and changelogs, against bytes that Java wrote.
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import { stores } from '../../../stores/stores.ts'
import { appendValue, decodeRowKey, encodeRowKey, valuesOf } from '../../../stores/unmatched/row-bytes.ts'
import { sessionKey, windowKey } from '../../../stores/windowed/changelog-keys.ts'
import { Change } from '../../../topology/change.ts'
import { changeSerde } from '../../../topology/change-serde.ts'
import { javaBytesOf } from '../../data/java-bytes.ts'
import { FakeTask } from '../../stores/fake-task.ts'

const S = serdes.string()

const kinds: readonly { group: string; serde: (input: any) => Serde<any>; value: (input: any) => unknown }[] = [
  { group: 'change<string>', serde: () => changeSerde(S), value: (input) => new Change(input.new, input.old) },
  {
    group: 'change<long>',
    serde: () => changeSerde(serdes.long()),
    value: (input) => new Change(input.new, input.old),
  },
  {
    group: 'timeWindowedSerde',
    serde: ({ size }) => serdes.timeWindowed(S, size),
    value: ({ key, start, size }) => new Windowed(key, start, start + size),
  },
  {
    group: 'sessionWindowedSerde',
    serde: () => serdes.sessionWindowed(S),
    value: ({ key, start, end }) => new Windowed(key, start, end),
  },
  { group: 'list<integer>', serde: () => serdes.list(serdes.integer()), value: (input) => input },
  { group: 'list<string>', serde: () => serdes.list(S), value: (input) => input },
  { group: 'list<long>', serde: () => serdes.list(serdes.long()), value: (input) => input },
]

describe.each(kinds)("Java's $group", ({ group, serde, value }) => {
  it('is written byte for byte, and read back', () => {
    for (const { input, hex } of javaBytesOf(group)) {
      expect(serde(input).serialize('t', value(input)).toString('hex')).toBe(hex)
      expect(serde(input).deserialize('t', Buffer.from(hex, 'hex'))).toEqual(value(input))
    }
  })
})

describe('keys of changelogs', () => {
  it('of windows: key, start, sequence number', () => {
    for (const { input, hex } of javaBytesOf('windowStoreKey')) {
      const key = Buffer.from(input.key)

      expect(windowKey(key, input.start, input.seq).toString('hex')).toBe(hex)
    }
  })

  it('of windows without duplicates: the sequence number is 0', async () => {
    for (const { input, hex } of javaBytesOf('windowStoreKey').filter((vector) => vector.input.seq === 0)) {
      const task = await FakeTask.inMemory(0)
      const store = task.build(stores.window('w', { key: S, value: S, retentionMs: 1_000, windowSizeMs: 10 }))
      store.put(input.key, 'v', input.start)

      expect(task.changelog.map(({ key }) => key.toString('hex'))).toEqual([hex])
    }
  })

  it('of windows with duplicates: the sequence number counts puts', async () => {
    const [first] = javaBytesOf('windowStoreKey').filter((vector) => vector.input.seq === 1)
    const task = await FakeTask.inMemory(0)
    const options = { key: S, value: S, retentionMs: 1_000, windowSizeMs: 10, retainDuplicates: true }
    task.build(stores.window('w', options)).put(first!.input.key, 'v', first!.input.start)

    expect(task.changelog.map(({ key }) => key.toString('hex'))).toEqual([first!.hex])
  })

  it('of sessions: key, end, start', () => {
    for (const { input, hex } of javaBytesOf('sessionStoreKey')) {
      const key = Buffer.from(input.key)

      expect(sessionKey(key, input.start, input.end).toString('hex')).toBe(hex)
    }
  })

  it('of sessions that are put', async () => {
    for (const { input, hex } of javaBytesOf('sessionStoreKey')) {
      const task = await FakeTask.inMemory(0)
      const store = task.build(stores.session('s', { key: S, value: S, retentionMs: 1_000 }))
      store.put(new Windowed(input.key, input.start, input.end), 'v')

      expect(task.changelog.map(({ key }) => key.toString('hex'))).toEqual([hex])
    }
  })

  it('of records that wait for a match: time, side, key', () => {
    for (const { input, hex } of javaBytesOf('timestampedKeyAndJoinSide')) {
      const key = {
        timestamp: input.timestamp,
        side: input.leftSide ? 'left' : 'right',
        key: Buffer.from(input.key),
      } as const

      expect(encodeRowKey(key).toString('hex')).toBe(hex)
      expect(decodeRowKey(Buffer.from(hex, 'hex'))).toEqual(key)
    }
  })
})

it('values that wait for a match are a list of values with their sides', () => {
  for (const { input, hex } of javaBytesOf('leftOrRightValue')) {
    const list = appendValue(undefined, input.left ? 'left' : 'right', Buffer.from(input.value))
    const sided = Buffer.from(hex, 'hex')
    const raw: Serde<Buffer> = { serialize: (_, bytes) => bytes, deserialize: (_, bytes) => bytes }

    expect(list).toEqual(serdes.list(raw).serialize('t', [sided]))
    expect(valuesOf(list)).toEqual([Buffer.from(input.value)])
  }
})

describe('list()', () => {
  const bytes = (hex: string) => Buffer.from(hex, 'hex')

  it.each(['', '02', '00ffffffff', '0000000000', '000000000000000002', '010000000100000005', '017fffffff'])(
    'refuses the bytes %p',
    (hex) => {
      expect(() => serdes.list(serdes.integer()).deserialize('t', bytes(hex))).toThrow('that are no list')
    },
  )

  it('prepares each of its values, and waits for all', async () => {
    const prepared: string[] = []
    const careful: Serde<string> = {
      ...S,
      prepare: (topic, value) => (value.length === 0 ? undefined : note(`${topic} ${value}`)),
    }
    const note = async (what: string) => {
      await Promise.resolve()
      prepared.push(what)
    }
    const serde = serdes.list(careful)
    await serde.prepare?.('t', serde.serialize('t', ['a', null, '', 'b']))

    expect(prepared).toEqual(['t a', 't b'])
    expect(serde.prepare?.('t', serde.serialize('t', ['', null]))).toBeUndefined()
    expect(serdes.list(S).prepare).toBeUndefined()
  })

  it('refuses what is no array', () => {
    expect(() => serdes.list(S).serialize('t', 'text' as any)).toThrow('it takes an array and got string')
  })
})
