// A restore that has to wait: a transaction of somebody else is open in the changelog.
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey } from '../support/topologies.ts'
import { until } from '../support/until.ts'

describe('a restore that waits for an open transaction', () => {
  let app: TestApp
  beforeEach(() => {
    app = new TestApp().topics({ in: 1, out: 1 })
  })
  afterEach(() => app.close())

  /** Leaves a transaction open in the changelog; `end` commits it. */
  async function stranger(): Promise<{ end: () => Promise<void> }> {
    const context = { clientId: 'stranger', clock: systemClock, logger: silentLogger, requestTimeoutMs: 5_000 }
    const client = app.cluster.connect(context)
    const producer = client.producer({ transactionalId: 'stranger', transactionTimeoutMs: 600_000 })
    await producer.init()
    producer.send('app-counts-changelog', 0, Buffer.from('b'), Buffer.from('0000000000000007', 'hex'), 1, [])
    await producer.flush()
    const group = { groupId: 'app', memberId: '', generation: -1, instanceId: null }
    return {
      end: async () => {
        await producer.commit([], group)
        await client.close()
      },
    }
  }

  async function counted(): Promise<void> {
    const first = await app.start(countByKey())
    await app.produce('in', { key: 'a', value: '' })
    await app.caughtUp('in')
    await first.close()
  }

  it('goes on when the transaction ends, and holds what it committed', async () => {
    await counted()
    const open = await stranger()
    const second = app.open(countByKey())
    const started = second.streams.start()
    await until(
      'the task restores',
      () => app.cluster.records('app-counts-changelog', 0, 'read_uncommitted').length === 2,
    )
    await until('it says what it waits for', () => second.log.length > 0)
    expect(second.log).toMatchObject([
      {
        level: 'warn',
        message: expect.stringContaining('waits until a transaction in its changelog ends'),
        fields: { task: '0_0', store: 'counts', changelog: 'app-counts-changelog-0' },
      },
    ])
    expect(second.restored).toEqual([])
    await open.end()
    await started
    expect(second.log).toHaveLength(1)

    expect(second.restored).toMatchObject([{ store: 'counts', partition: 0, records: 1 }])
    await app.produce('in', { key: 'b', value: '' })
    await app.caughtUp('in')
    expect(app.latest('out').get('b')).toBe('8')
  })

  it('does not keep the instance from closing', async () => {
    await counted()
    const open = await stranger()
    const second = app.open(countByKey())
    const started = second.streams.start()
    started.catch(() => {})
    const offsetFetched = new Promise<void>((resolve) => {
      app.cluster.intercept(({ api }) => {
        // The restore reads its changelog from here on.
        if (api === 'fetch') resolve()
        return undefined
      })
    })
    await offsetFetched
    await second.close()

    expect(second.state).toBe('NOT_RUNNING')
    await expect(started).rejects.toMatchObject({ code: 'STREAMS_NOT_RUNNING' })
    await open.end()
  }, 10_000)
})
