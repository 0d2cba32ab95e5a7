import { serdes } from '../../../lib/serde/index.ts'
import { stores } from '../../../stores/stores.ts'
import { FakeTask } from '../fake-task.ts'

const typed = { key: serdes.json<{ name: string }>(), value: serdes.string(), retentionMs: 60_000, windowSizeMs: 1_000 }

it.each([true, false])(
  'windows of one key that is an object each have a key of their own, which may be changed (caching: %p)',
  async (caching) => {
    const task = await FakeTask.inMemory()
    const store = task.build(stores.timestampedWindow('s', { ...typed, caching }))
    const forwarded: string[] = []
    store.setFlushListener(
      ({ key: { key } }) => {
        forwarded.push(key.name)
        key.name = 'changed'
      },
      { sendOldValues: false },
    )
    const key = { name: 'ada' }
    for (const startMs of [0, 1_000]) store.put(key, { value: 'v', timestamp: 5 }, startMs)
    store.flush()
    expect(forwarded).toEqual(caching ? ['ada', 'ada'] : [])
    const read: string[] = []
    for await (const [windowed] of store.all()) {
      read.push(windowed.key.name)
      windowed.key.name = 'changed'
    }
    expect(read).toEqual(['ada', 'ada'])
  },
)
