import { LoggedSegments } from '../../../stores/windowed/logged-segments.ts'
import { FakeTask } from '../fake-task.ts'

const KEY = Buffer.of(3)
const at = (offset: number) => () => offset

describe('the lowest offset that a store needs of its changelog', () => {
  async function segments() {
    const task = await FakeTask.inMemory()
    const make = () => new LoggedSegments(task.database.rows('store'), KEY, 100)
    return { task, make }
  }

  it('is that of the first entry logged, until its segment has expired', async () => {
    const { make } = await segments()
    const logged = make()
    expect(logged.lowest).toBeUndefined()
    logged.add(50, at(7))
    logged.add(150, at(20))
    logged.add(60, at(30))
    logged.add(250, at(40))

    expect(logged.lowest).toBe(7)
    logged.flush(100)
    expect(logged.lowest).toBe(20)
    logged.flush(199)
    expect(logged.lowest).toBe(20)
    logged.flush(200)
    expect(logged.lowest).toBe(40)
  })

  it('asks for an offset only at the first entry of a segment', async () => {
    const logged = (await segments()).make()
    let asked = 0
    for (const timeMs of [10, 20, 150, 30, 199, 99]) logged.add(timeMs, () => asked++)

    expect(asked).toBe(2)
  })

  it('comes back with what was committed, and goes back to it', async () => {
    const { task, make } = await segments()
    const first = make()
    first.add(50, at(7))
    first.add(150, at(20))
    first.flush(0)
    await task.commit()
    first.add(250, at(30))
    first.flush(200)
    expect(first.lowest).toBe(30)
    task.database.rollback()

    expect(make().lowest).toBe(7)
  })

  it('is taken anew from rows that somebody has emptied', async () => {
    const { task, make } = await segments()
    const logged = make()
    logged.add(50, at(7))
    logged.flush(0)
    await task.commit()
    await task.database.wipe('store')
    logged.reload()
    expect(logged.lowest).toBeUndefined()
    logged.add(50, at(9))

    expect(logged.lowest).toBe(9)
  })

  it('holds times of any size', async () => {
    const { task, make } = await segments()
    const logged = make()
    logged.add(Number.MAX_SAFE_INTEGER, at(2 ** 40))
    logged.flush(0)
    await task.commit()

    expect(make().lowest).toBe(2 ** 40)
  })
})
