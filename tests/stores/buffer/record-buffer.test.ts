// The buffer of a stream-table join with grace: every record for itself, in the order of time; its sequence numbers go on after restarts and restores.
import { type Headers, NO_HEADERS } from '../../../lib/core/record.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { type RecordBuffer, recordBuffer } from '../../../stores/buffer/record-buffer.ts'
import { FakeTask } from '../fake-task.ts'

const S = serdes.string()
const builder = recordBuffer('waiting', { key: S, value: S })

type Waiting = RecordBuffer<string, string>

async function opened(task: FakeTask): Promise<Waiting> {
  const buffer = task.build(builder)
  await buffer.open()
  return buffer
}

function put(buffer: Waiting, timestamp: number, key: string, value: string, headers: Headers = NO_HEADERS): void {
  buffer.put({ key, value, context: { timestamp, headers, topic: 'input', partition: 0, offset: 1 } })
}

function drain(buffer: Waiting): string[] {
  const out: string[] = []
  for (let first = buffer.first(); first !== undefined; first = buffer.first()) {
    out.push(`${buffer.firstTimeMs} ${first.key}: ${first.value}`)
    buffer.removeFirst()
  }
  return out
}

describe('a record buffer', () => {
  it('keeps every record, by time, key and order of arrival', async () => {
    const buffer = await opened(await FakeTask.inMemory())
    put(buffer, 20, 'a', '1')
    put(buffer, 10, 'b', '2')
    put(buffer, 20, 'a', '3')
    put(buffer, 10, 'a', '4')

    expect(drain(buffer)).toEqual(['10 a: 4', '10 b: 2', '20 a: 1', '20 a: 3'])
    expect(buffer.firstTimeMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('keeps headers and origin', async () => {
    const buffer = await opened(await FakeTask.inMemory())
    put(buffer, 20, 'a', '1', [['h', Buffer.from('x')]])
    expect(buffer.first()!.context).toEqual({
      timestamp: 20,
      headers: [['h', Buffer.from('x')]],
      topic: 'input',
      partition: 0,
      offset: 1,
    })
  })

  it('logs records and deletions as they happen, under keys that begin with the time and end with a number', async () => {
    const task = await FakeTask.inMemory()
    const buffer = await opened(task)
    put(buffer, 5, 'a', 's5')
    buffer.removeFirst()

    const key = '00000000000000000561' + '00000001'
    const context = `${'0000000000000005'}${'0000000000000001'}${'00000005'}${Buffer.from('input').toString('hex')}0000000000000000`
    expect(task.changelog.map((logged) => [logged.key.toString('hex'), logged.value?.toString('hex')])).toEqual([
      [key, `${context}ffffffffffffffff${'00000002'}7335${'0000000000000000'}`],
      [key, undefined],
    ])
    expect(task.changelog.every(({ headers }) => headers.length === 0)).toBe(true)
  })

  it('goes on counting after a restart and after a restore, so that no record takes another’s place', async () => {
    const task = await FakeTask.inMemory()
    const before = await opened(task)
    put(before, 5, 'a', '1')
    put(before, 5, 'a', '2')
    await task.commit(before)
    const after = await opened(task)
    put(after, 5, 'a', '3')
    expect(drain(await opened(task))).toEqual(['5 a: 1', '5 a: 2', '5 a: 3'])

    const elsewhere = await FakeTask.inMemory()
    const restored = elsewhere.build(builder)
    task.changelog.slice(0, 2).forEach((record, offset) => {
      restored.restore({ ...record, offset })
    })
    await elsewhere.commit(restored)
    await restored.open()
    put(restored, 5, 'a', '4')
    expect(drain(restored)).toEqual(['5 a: 1', '5 a: 2', '5 a: 4'])
  })

  it('knows the latest time that it was restored from, also of a record that has gone on since', async () => {
    const task = await FakeTask.inMemory()
    const before = await opened(task)
    expect(before.restoredTimeMs).toBe(-1)
    put(before, 9, 'a', '1')
    put(before, 5, 'a', '2')
    drain(before)

    const elsewhere = await FakeTask.inMemory()
    const restored = elsewhere.build(builder)
    task.changelog.forEach((record, offset) => {
      restored.restore({ ...record, offset })
    })
    await elsewhere.commit(restored)
    await restored.open()
    expect(drain(restored)).toEqual([])
    expect((await opened(elsewhere)).restoredTimeMs).toBe(9)
  })

  it('goes back to the last commit after an abort', async () => {
    const task = await FakeTask.inMemory()
    const buffer = await opened(task)
    put(buffer, 5, 'a', '1')
    await task.commit(buffer)
    put(buffer, 6, 'a', '2')
    buffer.removeFirst()
    task.database.rollback()

    const again = await opened(task)
    put(again, 7, 'a', '3')
    expect(drain(again)).toEqual(['5 a: 1', '7 a: 3'])
  })
})
