// Changelogs that are not what stores were filled from any more. What only the disk still has is never given up without being told to.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { changelogLoss } from '../../lib/runtime/changelog-loss.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const CHANGELOG = 'app-counts-changelog'

const of = (keys: string) => [...keys].map((key) => ({ key, value: '' }))

describe('a changelog', () => {
  let app: TestApp
  beforeEach(async () => {
    app = new TestApp({ requestTimeoutMs: 3_000 }).topics({ in: 1, out: 1 })
  })
  afterEach(() => app.close())

  async function counted(keys: string): Promise<void> {
    await app.produce('in', ...of(keys))
    const first = await app.start(countByKey())
    await app.caughtUp('in')
    await first.close()
  }

  it('deleted while the instance is down: each start is refused, until the folder that the error names is deleted', async () => {
    await counted('aab')
    app.cluster.deleteTopic(CHANGELOG)
    for (let attempt = 1; attempt <= 2; attempt++) {
      const refused = app.open(countByKey())
      await expect(refused.streams.start()).rejects.toMatchObject({
        code: 'STREAMS_CHANGELOG_LOST',
        store: 'counts',
        topic: CHANGELOG,
        partition: 0,
        directory: join(app.folder, 'a', 'app', '0_0'),
        message: expect.stringMatching(/created anew.*delete the folder '.*0_0'/),
      })
      expect(refused.state).toBe('ERROR')
    }
    expect(await app.committed('in')).toEqual(app.ends('in'))

    rmSync(join(app.folder, 'a', 'app', '0_0'), { recursive: true })
    await app.start(countByKey())
    await app.produce('in', ...of('a'))
    await app.caughtUp('in')
    expect(app.latest('out').get('a')).toBe('1')
  })

  it('deleted, and the disk lost as well: the store starts empty, with a warning; without committed offsets there is none', async () => {
    const first = await app.start(countByKey())
    expect(first.logged('starts empty')).toBeUndefined()
    await first.close()
    await counted('aab')
    app.cluster.deleteTopic(CHANGELOG)
    const elsewhere = await app.start(countByKey(), 'b')
    expect(elsewhere.logged('starts empty')).toMatchObject({
      level: 'warn',
      fields: { task: '0_0', store: 'counts', changelog: CHANGELOG },
    })
  })

  it('made when the instance started, of a task that others have run meanwhile: is restored, and nothing is said of an empty store', async () => {
    // Made by the first instance, which starts without a task that has committed.
    const first = await app.start(countByKey())
    await app.produce('in', ...of('aab'))
    await app.caughtUp('in')
    // The only task moves to and fro.
    const second = await app.start(countByKey(), 'b')
    await first.close()
    await app.produce('in', ...of('a'))
    await app.caughtUp('in')
    expect(second.logged('starts empty')).toBeUndefined()
    expect(first.logged('starts empty')).toBeUndefined()
    expect(second.logged('restored from the start of its changelog')).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/up to \d+ records: nothing of it lies in the state directory/),
    })
    expect(app.latest('out').get('a')).toBe('3')
  })

  it('that is empty because its store never had to hold anything: nothing is said, wherever its tasks go', async () => {
    app.topics({ two: 2 })
    const builder = new StreamsBuilder()
    builder
      .stream('two', strings)
      .filter(() => false)
      .groupByKey(strings)
      .count({ store: 'counts' })
    const topology = builder.build()
    const first = await app.start(topology)
    const second = await app.start(topology, 'b')
    await until('each has a task', () => second.restored.length === 1)
    await app.produce('two', ...of('aab'), ...of('aab').map((record) => ({ ...record, partition: 1 })))
    await app.caughtUp('two')
    await second.close()
    // The one that has made the changelog gets back a task that has committed elsewhere.
    await until('the task is back', () => first.restored.length === 3)
    expect(app.ends(CHANGELOG)).toEqual([0, 0])
    expect([...first.log, ...second.log]).toEqual([])
  })

  it('created anew with fewer partitions: the start is refused with both counts, and nothing is changed', async () => {
    app.topics({ two: 2 })
    const topology = () => countByKey({ input: 'two' })
    const first = await app.start(topology())
    await app.produce('two', ...of('aab'))
    await app.caughtUp('two')
    await first.close()
    app.cluster.deleteTopic(CHANGELOG)
    app.topics({ [CHANGELOG]: 1 })
    await expect(app.open(topology()).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_INTERNAL_TOPIC_PARTITIONS',
      topic: CHANGELOG,
      expected: 2,
      actual: 1,
    })
  })

  it('deleted under a running instance: it stops, and does not make the topic anew', async () => {
    const instance = await app.start(countByKey(), 'a', { metadataMaxAgeMs: 100 })
    await app.produce('in', ...of('aab'))
    await app.caughtUp('in')
    app.cluster.deleteTopic(CHANGELOG)
    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_CHANGELOG_LOST',
      topic: CHANGELOG,
      partition: undefined,
      message: expect.stringContaining('the topic was deleted'),
    })
    expect(app.cluster.partitionCount(CHANGELOG)).toBe(0)
  })

  it('deleted and created anew under a running instance, by somebody else: it stops', async () => {
    const instance = await app.start(countByKey(), 'a', { metadataMaxAgeMs: 100 })
    await app.produce('in', ...of('aab'))
    await app.caughtUp('in')
    app.cluster.deleteTopic(CHANGELOG)
    app.topics({ [CHANGELOG]: 1 })
    expect(await instance.failed()).toMatchObject({
      code: 'STREAMS_CHANGELOG_LOST',
      message: expect.stringContaining('created anew'),
    })
  })

  it('deleted while records are being counted: it stops by name, and commits nothing past them', async () => {
    const instance = await app.start(countByKey())
    await app.produce('in', ...of('aab'))
    await app.caughtUp('in')
    const before = await app.committed('in')
    app.cluster.deleteTopic(CHANGELOG)
    await app.produce('in', ...of('ab'))
    expect(await instance.failed()).toMatchObject({
      code: expect.stringMatching(/STREAMS_(UNKNOWN_TOPIC|CHANGELOG_LOST|BROKER_UNAVAILABLE)/),
      message: expect.stringContaining(CHANGELOG),
    })
    expect(await app.committed('in')).toEqual(before)
  })

  it('on another cluster: the start is refused with both clusters', async () => {
    await counted('aab')
    const other = new TestApp({ stateDir: join(app.folder, 'a'), requestTimeoutMs: 3_000 }).topics({ in: 1, out: 1 })
    try {
      await expect(
        other.open(countByKey(), 'a', { stateDir: join(app.folder, 'a') }).streams.start(),
      ).rejects.toMatchObject({ code: 'STREAMS_CHANGELOG_LOST' })
    } finally {
      await other.close()
    }
  })

  it('cut below where the store was filled: the store is emptied and restored from what is left, loudly', async () => {
    await counted('aab')
    const { logEndOffset } = app.cluster.partition(CHANGELOG, 0)
    // Others went on meanwhile, and what they wrote first is gone.
    await app.produce(CHANGELOG, { key: 'x', value: '00000001' }, { key: 'c', value: '00000001' })
    app.cluster.deleteRecordsBefore(CHANGELOG, 0, logEndOffset + 1)
    const second = await app.start(countByKey())
    expect(second.logged('emptied')).toMatchObject({
      level: 'warn',
      fields: { task: '0_0', store: 'counts', topic: CHANGELOG, partition: 0, remaining: 1 },
      message: expect.stringMatching(
        `a store is emptied and restored from the start of its changelog, up to 1 record: .*starts at ${logEndOffset + 1}, after its position`,
      ),
    })
    await app.produce('in', ...of('a'))
    await app.caughtUp('in')
    expect(app.latest('out')).toEqual(new Map([...countsOf('ab'), ['a', '1']]))
  })
})

// The end of a log goes when a replica that lagged becomes its leader.
it.each([
  { offset: 5, end: 5, says: undefined },
  { offset: 6, end: 5, says: /up to offset 6, and it ends at 5/ },
])('a position of $offset in a changelog that ends at $end', ({ offset, end, says }) => {
  const identity = { topicId: 't', clusterId: 'c' }
  const loss = changelogLoss({ offset, ...identity }, identity, end)
  if (says === undefined) expect(loss).toBeUndefined()
  else expect(loss).toMatch(says)
})

it.each([
  { now: undefined, says: /the topic was deleted/ },
  { now: { topicId: 'other', clusterId: 'c' }, says: /created anew \(it has the id other, and had t\)/ },
  { now: { topicId: 't', clusterId: 'other' }, says: /filled on the cluster c, and this is the cluster other/ },
])('what is said of the identity $now', ({ now, says }) => {
  expect(changelogLoss({ offset: 0, topicId: 't', clusterId: 'c' }, now, 0)).toMatch(says)
})
