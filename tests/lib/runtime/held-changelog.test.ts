// What stores log at least once, on its way to the producer: nothing leaves before everything else is acknowledged, and stores downstream come first.
import type { Producer } from '../../../lib/client/client.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { type Header, NO_HEADERS, partitionKey } from '../../../lib/core/record.ts'
import { flushChangelogsLast, HeldChangelog } from '../../../lib/runtime/held-changelog.ts'
import { TaskStores } from '../../../lib/runtime/task-stores.ts'
import type { StateStore } from '../../../stores/store.ts'

const MAX_REQUEST_BYTES = 1_000
const HEADER: Header = ['name', Buffer.from('content')]

/** Notes what is asked of it; each topic's offsets go on from 0. */
class FakeProducer {
  readonly did: string[] = []
  #sent = new Map<string, number>()
  readonly #ends = new Map<string, number>()
  refusal: Error | undefined

  send(topic: string, partition: number, key: Buffer | null, value: Buffer | null, timestamp: number): void {
    const offset = this.#ends.get(topic) ?? 0
    this.#ends.set(topic, offset + 1)
    this.#sent.set(partitionKey(topic, partition), offset)
    this.did.push(`${topic}-${partition}: ${key} ${value} @${timestamp}`)
  }

  guard(): void {}

  async flush(): Promise<ReadonlyMap<string, number>> {
    this.did.push('flush')
    if (this.refusal !== undefined) throw this.refusal
    const sent = this.#sent
    this.#sent = new Map()
    return sent
  }
}

const bytes = (text: string) => Buffer.from(text)

function storesOf(producer: FakeProducer, task: number, ...names: readonly string[]) {
  const stores = names.map((name) => {
    const store: StateStore = { name, flush() {}, restore() {} }
    const held = new HeldChangelog({
      topic: name,
      partition: task,
      producer: producer as unknown as Producer,
      maxRequestBytes: MAX_REQUEST_BYTES,
      onOthers: (offsets, before) => producer.did.push(`${offsets} of others before ${before}`),
    })
    const changelog = { topic: name, partition: task }
    return [name, { store, changelog, isPersistent: true, isSource: false, isPurged: false, held }] as const
  })
  const all = new Map(stores)
  const put = (name: string, value: string | null) =>
    all.get(name)!.held.log(bytes('k'), value === null ? null : bytes(value), 7, NO_HEADERS)
  return { stores: new TaskStores(all), put }
}

describe('at least once, what stores log', () => {
  let producer: FakeProducer
  const clock = new VirtualClock()
  let owned: () => void
  const flush = (...tasks: readonly TaskStores[]) =>
    flushChangelogsLast(producer as unknown as Producer, tasks, clock, {
      confirm: async () => owned(),
      require: () => {},
    })
  beforeEach(() => {
    producer = new FakeProducer()
    owned = () => {}
  })

  it('is sent when the rest is acknowledged, that of stores downstream before that of stores upstream, of all tasks together', async () => {
    const [a, b] = [storesOf(producer, 0, 'up', 'down'), storesOf(producer, 1, 'up', 'idle', 'down')]
    a.put('up', '1')
    a.put('down', '2')
    a.put('down', null)
    b.put('up', '3')
    b.put('down', '4')
    producer.send('out', 0, bytes('k'), bytes('result'), 7)
    for (const { stores } of [a, b]) stores.seal([])
    const sent = await flush(a.stores, b.stores)

    expect(producer.did).toEqual([
      'out-0: k result @7',
      'flush',
      'down-0: k 2 @7',
      'down-0: k null @7',
      'down-1: k 4 @7',
      'flush',
      'up-0: k 1 @7',
      'up-1: k 3 @7',
      'flush',
    ])
    expect(Object.fromEntries(sent)).toEqual({ 'out:0': 0, 'down:0': 1, 'down:1': 2, 'up:0': 0, 'up:1': 1 })
    expect([a.stores.heldBytes, b.stores.heldBytes]).toEqual([0, 0])
  })

  it('is not sent when the task was lost meanwhile: it would lie behind what the next owner has logged', async () => {
    const { stores, put } = storesOf(producer, 0, 'up', 'down')
    put('up', '1')
    put('down', '2')
    stores.seal([])
    owned = () => {
      if (producer.did.includes('down-0: k 2 @7')) throw new Error('lost')
    }
    await expect(flush(stores)).rejects.toThrow('lost')
    expect(producer.did).toEqual(['flush', 'down-0: k 2 @7', 'flush'])
  })

  it('belongs to its commit: what is logged meanwhile waits for the next', async () => {
    const { stores, put } = storesOf(producer, 0, 'store')
    put('store', 'first')
    stores.seal([])
    const flushed = flush(stores)
    put('store', 'second')
    await flushed
    expect(producer.did).toEqual(['flush', 'store-0: k first @7', 'flush'])
    expect(stores.heldBytes).toBeGreaterThan(0)

    stores.seal([])
    await flush(stores)
    expect(producer.did.slice(3)).toEqual(['flush', 'store-0: k second @7', 'flush'])
    expect(stores.heldBytes).toBe(0)
  })

  describe('moves the position of its store', () => {
    const positionAfter = async (stores: TaskStores) => {
      stores.seal([])
      const sent = await flush(stores)
      return stores.positions(sent, new Map([['store', { topicId: 't', clusterId: 'c' }]])).get('store')?.offset
    }

    it('behind its last record', async () => {
      const { stores, put } = storesOf(producer, 0, 'store')
      await stores.open(() => undefined)
      for (const wanted of [1, 2]) {
        put('store', 'a')
        expect(await positionAfter(stores)).toBe(wanted)
        stores.committed()
      }
      expect(await positionAfter(stores)).toBeUndefined()
    })

    it('not past records of somebody else, as long as its offsets are not committed', async () => {
      const { stores, put } = storesOf(producer, 0, 'store')
      for (let i = 0; i < 5; i++) producer.send('store', 0, bytes('k'), bytes('restored'), 7)
      await stores.open(() => 5)
      owned = () => producer.send('store', 0, bytes('k'), bytes('of another'), 7)
      put('store', 'a')
      expect(await positionAfter(stores)).toBeUndefined()
      expect(producer.did.at(-1)).toBe('1 of others before 7')
      owned = () => {}

      // Its offsets are refused: the other is the owner now, and what is restored next begins where it did.
      await stores.open(() => 5)
      put('store', 'b')
      expect(await positionAfter(stores)).toBeUndefined()
      // They are committed: the other was not. Then the position is worth a commit of its own.
      stores.committed()
      expect(stores.isAhead).toBe(true)
      expect(await positionAfter(stores)).toBe(8)
      expect(stores.isAhead).toBe(false)
    })

    it('not where the brokers no longer know the offsets', async () => {
      const { stores, put } = storesOf(producer, 0, 'store')
      await stores.open(() => undefined)
      put('store', 'a')
      stores.seal([])
      await flush(stores)
      expect(stores.positions(new Map(), new Map())).toEqual(new Map())
    })
  })

  it('is not sent where the rest is not acknowledged', async () => {
    const { stores, put } = storesOf(producer, 0, 'store')
    put('store', 'never')
    stores.seal([])
    producer.refusal = new Error('no answer')
    await expect(flush(stores)).rejects.toThrow('no answer')
    expect(producer.did).toEqual(['flush'])
  })

  it('costs a commit without it no second flush', async () => {
    const { stores } = storesOf(producer, 0, 'store')
    stores.seal([])
    await flush(stores)
    expect(producer.did).toEqual(['flush'])
  })

  it('lets others have their turn while there is much of it', async () => {
    const { stores, put } = storesOf(producer, 0, 'store')
    for (let i = 0; i < 10_000; i++) put('store', String(i))
    stores.seal([])
    let turns = 0
    const counting = { yield: async () => void turns++ } as unknown as VirtualClock
    await flushChangelogsLast(producer as unknown as Producer, [stores], counting)
    expect(producer.did).toHaveLength(10_002)
    expect(turns).toBe(2)
  })

  it.each([
    { value: 'x'.repeat(MAX_REQUEST_BYTES), headers: NO_HEADERS, what: 'value' },
    { value: '', headers: Array.from({ length: 60 }, () => HEADER), what: 'headers' },
  ])('is refused as it is logged if the producer would not take it: $what', ({ value, headers }) => {
    const { stores } = storesOf(producer, 0, 'store')
    const { log } = stores.all.get('store')!.held!
    expect(() => log(bytes('k'), bytes(value), 7, headers)).toThrow(
      expect.objectContaining({ code: 'STREAMS_RECORD_TOO_LARGE', topic: 'store' }),
    )
    expect(stores.heldBytes).toBe(0)
  })
})
