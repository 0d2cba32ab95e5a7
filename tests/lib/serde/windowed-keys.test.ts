// The serde of a windowed key keeps the bytes of the last key: for its other windows, and for the partition.
import { Windowed } from '../../../lib/core/windowed.ts'
import { serdes } from '../../../lib/serde/index.ts'
import type { Serde } from '../../../lib/serde/serde.ts'
import type { WindowedSerde } from '../../../lib/serde/windowed.ts'

const SIZE_MS = 1_000

function counting<K>(inner: Serde<K>): { serde: WindowedSerde<K>; serialized: () => number } {
  let count = 0
  const serde = serdes.timeWindowed<K>(
    {
      serialize: (topic, key) => {
        count++
        return Buffer.concat([Buffer.from(`${topic}:`), inner.serialize(topic, key)])
      },
      deserialize: inner.deserialize,
    },
    SIZE_MS,
  )
  return { serde: serde as WindowedSerde<K>, serialized: () => count }
}

const keyIn = (bytes: Buffer) => `${bytes.subarray(0, -8)}`

it('makes the bytes of a key once for all its windows and their partition', () => {
  const { serde, serialized } = counting(serdes.string())
  for (const startMs of [0, 1_000, 2_000]) {
    const bytes = serde.serialize('t', new Windowed('ada', startMs, startMs + SIZE_MS))
    expect(bytes.readBigInt64BE(bytes.length - 8)).toBe(BigInt(startMs))
    expect(keyIn(bytes)).toBe('t:ada')
    expect(`${serde.keyBytes('t', 'ada')}`).toBe('t:ada')
  }
  expect(serialized()).toBe(1)
})

it('makes them anew for another key, and for another topic', () => {
  const { serde } = counting(serdes.string())
  const keys = [
    ['t', 'ada'],
    ['t', 'bob'],
    ['u', 'bob'],
    ['t', 'bob'],
  ] as const
  for (const [topic, key] of keys)
    expect(keyIn(serde.serialize(topic, new Windowed(key, 0, 1)))).toBe(`${topic}:${key}`)
})

it('makes them anew for an object, which may have changed', () => {
  const { serde } = counting(serdes.json<{ name: string }>())
  const key = { name: 'ada' }
  expect(keyIn(serde.serialize('t', new Windowed(key, 0, 1)))).toBe('t:{"name":"ada"}')
  key.name = 'bob'
  expect(keyIn(serde.serialize('t', new Windowed(key, 0, 1)))).toBe('t:{"name":"bob"}')
})
