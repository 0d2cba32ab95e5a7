// Committed offsets that expired, or were deleted, under the state that stands for what was read up to them. Nobody may find out by wrong counts.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Admin, Client } from '../../lib/client/client.ts'
import { errorResponse } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Topology } from '../../topology/topology.ts'
import { guarantees } from '../support/guarantees.ts'
import { TestApp, type TestInstance } from '../support/test-app.ts'
import { countByKey, countsOf, wordCount } from '../support/topologies.ts'
import { until } from '../support/until.ts'
import { strings } from '../topology/support/strings.ts'

const CHANGELOG = 'app-counts-changelog'
const of = (keys: string) => [...keys].map((key) => ({ key, value: '' }))

/** Counts the records of each key over all inputs, which belong to one task. */
function countAll(...inputs: readonly string[]): Topology {
  const builder = new StreamsBuilder()
  const [first, ...others] = inputs.map((input) => builder.stream(input, strings))
  others
    .reduce((all, other) => all.merge(other), first!)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .mapValues(String, strings)
    .to('out')
  return builder.build()
}

let app: TestApp
let client: Client
let admin: Admin

function opened(
  settings: ConstructorParameters<typeof TestApp>[0] = {},
  cluster: ConstructorParameters<typeof TestApp>[1] = {},
): void {
  app = new TestApp({ requestTimeoutMs: 3_000, sessionTimeoutMs: 500, ...settings }, cluster).topics({
    in: 1,
    more: 1,
    out: 1,
  })
  const options = { clientId: 'admin', clock: systemClock, logger: silentLogger, requestTimeoutMs: 3_000 }
  client = app.cluster.connect(options)
  admin = client.admin
}

afterEach(async () => {
  await client.close()
  await app.close()
})

const input = (topic: string) => ({ topic, partition: 0 })
const folder = (name = 'a') => join(app.folder, name, 'app', '0_0')

/** Starts, counts what there is, and stops. */
async function counted(topology: Topology, inputs = ['in'], name = 'a'): Promise<TestInstance> {
  const instance = await app.start(topology, name)
  await app.caughtUp(...inputs)
  await instance.close()
  return instance
}

async function refused(topology: Topology, partitions: readonly string[], name = 'a'): Promise<void> {
  const before = { out: app.ends('out'), changelog: app.ends(CHANGELOG), offsets: await app.committed('in') }
  const instance = app.open(topology, name)
  await expect(instance.streams.start()).rejects.toMatchObject({
    code: 'STREAMS_COMMITTED_OFFSETS_LOST',
    taskId: '0_0',
    partitions: partitions.map(input),
    directory: folder(name),
    message: expect.stringMatching(/'app' has no committed offset of .*set the offsets.*or reset the application/),
  })
  expect(instance.state).toBe('ERROR')
  const after = { out: app.ends('out'), changelog: app.ends(CHANGELOG), offsets: await app.committed('in') }
  expect(after).toEqual(before)
  // An instance that failed keeps its place in the group until its session is over.
  await until('the group is empty', async () => ((await admin.describeGroup('app'))?.members.length ?? 0) === 0)
}

describe.each(guarantees)('$processingGuarantee by $transactionScope: committed offsets', (guarantee) => {
  beforeEach(() => opened(guarantee))

  it('that are gone stop each start, until they are set: then it goes on from there', async () => {
    await app.produce('in', ...of('aab'))
    await counted(countByKey())
    // At least once the first commit is only noted with the second, or at the next start.
    await counted(countByKey())
    await admin.deleteGroup('app')
    await refused(countByKey(), ['in'])
    await refused(countByKey(), ['in'])
    await admin.resetOffsets('app', [input('in')], { offset: 3 })
    await app.produce('in', ...of('b'))
    await app.start(countByKey())
    await app.caughtUp('in')
    expect(app.latest('out')).toEqual(countsOf('aabb'))
  })

  it('that are gone stop an instance that has only restored the state', async () => {
    await app.produce('in', ...of('aab'))
    await counted(countByKey())
    const heir = await counted(countByKey(), ['in'], 'heir')
    expect(heir.streams.metrics().commits).toBe(0)
    await admin.deleteGroup('app')
    await refused(countByKey(), ['in'], 'heir')
  })

  it('that were never there are not missed: the first start never came to a commit', async () => {
    await app.produce('in', ...of('aab'))
    let failed = 0
    const mend = app.cluster.intercept((exchange) => {
      if (exchange.api !== 'txnOffsetCommit' && exchange.api !== 'offsetCommit') return undefined
      failed++
      return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
    })
    const first = await app.start(countByKey())
    await until('commits have failed', () => failed > 1 || first.errors.length > 0)
    await first.close()
    mend()
    expect(failed).toBeGreaterThan(0)
    expect(existsSync(folder())).toBe(true)
    expect(await app.committed('in')).toEqual([-1])
    const second = await app.start(countByKey())
    await app.caughtUp('in')
    expect(second.errors).toEqual([])
    if (guarantee.processingGuarantee === 'exactly_once') expect(app.latest('out')).toEqual(countsOf('aab'))
  })

  it('of an input that came to the topology later are not missed', async () => {
    await app.produce('in', ...of('aab'))
    await app.produce('more', ...of('abc'))
    await counted(countAll('in'))
    await counted(countAll('in', 'more'), ['in', 'more'])
    expect(app.latest('out')).toEqual(countsOf('aababc'))
  })

  it('of a topic that was created anew are not missed: none of its records was read', async () => {
    await app.produce('in', ...of('aab'))
    await counted(countByKey())
    await counted(countByKey())
    await admin.deleteGroup('app')
    app.cluster.deleteTopic('in')
    app.topics({ in: 1 })
    await app.produce('in', ...of('b'))
    await counted(countByKey())
    expect(app.latest('out')).toEqual(countsOf('aabb'))
    // From now on it is the new topic's that are missed.
    await counted(countByKey())
    await admin.deleteGroup('app')
    await refused(countByKey(), ['in'])
  })

  it('of one input that are gone are named, though the other has its own', async () => {
    await app.produce('in', ...of('aab'))
    await counted(countAll('in', 'more'))
    // Its second input was never read from; its offset is 0 all the same.
    await counted(countAll('in', 'more'))
    expect(await app.committed('more')).toEqual([0])
    await admin.deleteOffsets('app', [input('in')])
    await refused(countAll('in', 'more'), ['in'])
    await admin.deleteOffsets('app', [input('more')])
    await refused(countAll('in', 'more'), ['in', 'more'])
  })
})

describe('committed offsets', () => {
  it('that are gone after a single commit are missed, and a reset has all counted anew', async () => {
    opened()
    await app.produce('in', ...of('aab'))
    const first = await counted(countByKey())
    expect(first.streams.metrics().commits).toBe(1)
    await admin.deleteGroup('app')
    await refused(countByKey(), ['in'])
    await admin.deleteTopics([CHANGELOG])
    rmSync(join(app.folder, 'a'), { recursive: true })
    await counted(countByKey())
    expect(app.latest('out')).toEqual(countsOf('aab'))
  })

  it('that are gone have nothing read again by tasks without state either: their records would reach those that have it', async () => {
    opened()
    app.topics({ lines: 1, counts: 1 })
    await app.produce('lines', { value: 'a b a' })
    await counted(wordCount(), ['lines', 'app-counts-repartition'])
    const before = app.ends('app-counts-repartition')
    await admin.deleteGroup('app')
    await expect(app.open(wordCount()).streams.start()).rejects.toMatchObject({
      code: 'STREAMS_COMMITTED_OFFSETS_LOST',
      taskId: '1_0',
      partitions: [input('app-counts-repartition')],
      directory: join(app.folder, 'a', 'app', '1_0'),
    })
    expect(app.ends('app-counts-repartition')).toEqual(before)
    expect(await app.committed('lines')).toEqual([-1])
    // It has not even joined.
    expect((await admin.describeGroup('app'))?.members ?? []).toEqual([])
  })

  it('that are not to be seen yet are waited for: the first commit has ended, its markers are on their way', async () => {
    opened({}, { transactionMarkerDelayMs: 1_500 })
    await app.produce('in', ...of('aab'))
    const first = await app.start(countByKey())
    await until('it has committed', () => first.streams.metrics().commits > 0)
    await first.close()
    expect(await app.committed('in')).toEqual([-1])
    const second = await app.start(countByKey())
    expect(second.errors).toEqual([])
    await app.caughtUp('in')
    expect(app.latest('out')).toEqual(countsOf('aab'))
  })

  it('that Java committed are missed like our own', async () => {
    opened()
    await app.produce('in', ...of('aab'))
    await admin.alterOffsets('app', [{ ...input('in'), offset: 2, metadata: 'AgAAAYvP5XgA' }])
    await counted(countByKey())
    expect(app.latest('out')).toEqual(countsOf('b'))
    await admin.deleteGroup('app')
    await refused(countByKey(), ['in'])
  })

  it('of a source topic that serves as a changelog are not missed: the table is a copy of it', async () => {
    opened()
    const table = () => {
      const builder = new StreamsBuilder()
      builder
        .table('in', { ...strings, store: 'table' })
        .toStream()
        .to('out', strings)
      return builder.build({ optimization: 'all' })
    }
    await app.produce('in', ...of('aab'))
    await counted(table())
    await counted(table())
    await admin.deleteGroup('app')
    const again = await counted(table())
    expect(again.errors).toEqual([])
    expect(app.latest('out').size).toBe(2)
  })

  it('that a commit without an answer has set are missed, too: its rows were written when it was settled', async () => {
    opened({ requestTimeoutMs: 400 })
    await app.produce('in', ...of('aab'))
    const mend = app.cluster.intercept(({ api }) =>
      api === 'endTxn' || api === 'endTxnV5' ? { dropResponse: 'disconnect' } : undefined,
    )
    const first = await app.start(countByKey())
    await until('it starts over', () => first.logged('start over') !== undefined)
    mend()
    await app.caughtUp('in')
    await first.close()
    expect(app.latest('out')).toEqual(countsOf('aab'))
    await admin.deleteGroup('app')
    await refused(countByKey(), ['in'])
  })

  // Nothing on disk proves anything: the changelog may have been filled by hand.
  it.each([
    { state: 'whose disk is gone', persistent: true },
    { state: 'in memory', persistent: false },
  ])('that are gone are warned about with state $state', async ({ persistent }) => {
    opened()
    const topology = () => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', strings)
        .groupByKey()
        .count({ store: 'counts', persistent })
        .toStream()
        .mapValues(String, strings)
        .to('out')
      return builder.build()
    }
    await app.produce('in', ...of('aab'))
    const first = await counted(topology())
    expect(first.logged('no committed offset of any input')).toBeUndefined()
    rmSync(join(app.folder, 'a'), { recursive: true })
    await admin.deleteGroup('app')
    const second = await counted(topology())
    expect(second.logged('no committed offset of any input')).toMatchObject({
      level: 'warn',
      fields: { task: '0_0', stores: ['counts'] },
    })
    expect(app.latest('out')).toEqual(countsOf('aabaab'))
  })

  it('that are gone do not matter without state', async () => {
    opened()
    const pipe = () => {
      const builder = new StreamsBuilder()
      builder.stream('in', strings).to('out')
      return builder.build()
    }
    await app.produce('in', ...of('aab'))
    await counted(pipe())
    await admin.deleteGroup('app')
    const second = await counted(pipe())
    expect(second.log).toEqual([])
    expect(app.read('out')).toHaveLength(6)
  })
})
