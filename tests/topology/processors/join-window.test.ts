import { NO_HEADERS } from '../../../lib/core/record.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { stores } from '../../../stores/stores.ts'
import { JoinWindowProcessor } from '../../../topology/processors/join-window.ts'
import { FakeTask } from '../../stores/fake-task.ts'
import { record, start, TestContext } from '../support/test-context.ts'

const window = stores.window<string, string>('kept', {
  key: serdes.string(),
  value: serdes.string(),
  retentionMs: 100,
  windowSizeMs: 20,
  retainDuplicates: true,
})

async function processor() {
  const task = await FakeTask.inMemory()
  task.record = { timestamp: 10, headers: NO_HEADERS, topic: 'in', partition: 0, offset: 0 }
  const store = task.build(window)
  const context = new TestContext(store)
  const join = new JoinWindowProcessor<string | null, string | null>('kept')
  await start(join, context)
  return { join, context, task, kept: (key: string) => store.fetch(key, { fromMs: 0, toMs: 100 }) }
}

describe('the window of a join', () => {
  it('keeps each record after it was joined', async () => {
    const { join, context, kept } = await processor()
    let before: unknown
    context.downstream = () => {
      before = kept('a')
    }
    join.process(record('a', '1', 10))
    expect(before).toEqual([])
    join.process(record('a', '2', 10))
    expect(before).toEqual([[10, '1']])
    expect(kept('a')).toEqual([
      [10, '1'],
      [10, '2'],
    ])
  })

  it('also if the join takes its time', async () => {
    const { join, context, kept } = await processor()
    let joined = () => {}
    context.downstream = () =>
      new Promise<void>((resolve) => {
        joined = resolve
      })
    const done = join.process(record('a', '1', 10))
    await Promise.resolve()
    expect(kept('a')).toEqual([])
    joined()
    await done
    expect(kept('a')).toEqual([[10, '1']])
  })

  it('hands on records without a key, and does not keep them; nulls are only logged', async () => {
    const { join, context, kept, task } = await processor()
    join.process(record(null, '1', 10))
    join.process(record('a', null, 10))
    expect(context.pairs).toEqual([
      [null, '1'],
      ['a', null],
    ])
    expect(kept('a')).toEqual([])
    expect(task.changelog.map(({ value }) => value)).toEqual([null])
  })
})
