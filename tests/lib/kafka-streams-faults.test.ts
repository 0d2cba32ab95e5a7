// What goes wrong between an instance and the cluster in the middle of a transaction. Whatever it is: output (as read committed), committed
// offsets and store end up equal to a plain count, and no count is seen twice.
import { type Exchange, errorResponse, type Fault } from '../../lib/client/memory/index.ts'
import { errorCodes } from '../../lib/client/protocol/error-codes.ts'
import { inEitherVersion } from '../../lib/client/transaction-version.ts'
import { transactionVersions } from '../contracts/client/transaction-versions.ts'
import { TestApp } from '../support/test-app.ts'
import { countByKey, countsOf, keysNotRising } from '../support/topologies.ts'
import { until } from '../support/until.ts'

const keys = Array.from({ length: 240 }, (_, i) => `k${(i * 5) % 17}`)
const records = keys.map((key, i) => ({ key, value: `v${i}`, partition: ((i * 5) % 17) % 2 }))

/** Whether a request is of an api, and made under a transactional id. */
function isOf(exchange: Exchange, api: Exchange['api'], transactionalId: string): boolean {
  return inEitherVersion(exchange.api) === api && JSON.stringify(exchange.request).includes(transactionalId)
}

/** What one transaction spans, the transactional id that its faults hit, and the tasks that then start over. */
const scopes = [
  { transactionScope: 'task', transactionalId: 'app-0_0', tasks: ['0_0'] },
  { transactionScope: 'instance', transactionalId: 'app-one', tasks: ['0_0', '0_1'] },
] as const
const suites = transactionVersions.flatMap((version) => scopes.map((scope) => ({ ...scope, version })))

interface Case {
  readonly name: string
  readonly api: Exchange['api']
  readonly times: number
  readonly fault: (exchange: Exchange) => Fault
  /** Whether the task has to start over from its last commit. */
  readonly startsOver: boolean
}

const answer = (errorCode: number) => (exchange: Exchange) => ({ answer: errorResponse(exchange, errorCode) })

const cases: readonly Case[] = [
  {
    name: 'EndTxn is answered PRODUCER_FENCED',
    api: 'endTxn',
    times: 1,
    fault: answer(errorCodes.PRODUCER_FENCED),
    startsOver: true,
  },
  {
    name: 'EndTxn is answered INVALID_PRODUCER_EPOCH',
    api: 'endTxn',
    times: 1,
    fault: answer(errorCodes.INVALID_PRODUCER_EPOCH),
    startsOver: true,
  },
  {
    name: 'EndTxn is answered INVALID_TXN_STATE',
    api: 'endTxn',
    times: 1,
    fault: answer(errorCodes.INVALID_TXN_STATE),
    startsOver: true,
  },
  {
    name: 'EndTxn takes effect, its answer is lost',
    api: 'endTxn',
    times: 1,
    fault: () => ({ dropResponse: 'disconnect' }),
    startsOver: false,
  },
  {
    name: 'EndTxn takes effect, its answer never comes',
    api: 'endTxn',
    times: 1,
    fault: () => ({ dropResponse: 'silence' }),
    startsOver: false,
  },
  {
    name: 'EndTxn is lost on its way',
    api: 'endTxn',
    times: 1,
    fault: () => ({ dropRequest: 'disconnect' }),
    startsOver: false,
  },
  {
    name: 'EndTxn is lost again and again',
    api: 'endTxn',
    times: 6,
    fault: () => ({ dropRequest: 'disconnect' }),
    startsOver: false,
  },
  {
    name: 'the coordinator of EndTxn is loading',
    api: 'endTxn',
    times: 3,
    fault: answer(errorCodes.COORDINATOR_LOAD_IN_PROGRESS),
    startsOver: false,
  },
  {
    name: 'a send is answered INVALID_PRODUCER_EPOCH',
    api: 'produce',
    times: 1,
    fault: answer(errorCodes.INVALID_PRODUCER_EPOCH),
    startsOver: true,
  },
  {
    name: 'a send is answered OUT_OF_ORDER_SEQUENCE_NUMBER',
    api: 'produce',
    times: 1,
    fault: answer(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER),
    startsOver: true,
  },
  {
    name: 'a send is stored, its answer is lost',
    api: 'produce',
    times: 2,
    fault: () => ({ dropResponse: 'disconnect' }),
    startsOver: false,
  },
  { name: 'a send is lost', api: 'produce', times: 2, fault: () => ({ dropRequest: 'disconnect' }), startsOver: false },
  {
    name: 'the leader has moved',
    api: 'produce',
    times: 2,
    fault: answer(errorCodes.NOT_LEADER_OR_FOLLOWER),
    startsOver: false,
  },
  {
    name: 'AddPartitionsToTxn is answered INVALID_PRODUCER_EPOCH',
    api: 'addPartitionsToTxn',
    times: 1,
    fault: answer(errorCodes.INVALID_PRODUCER_EPOCH),
    startsOver: true,
  },
  {
    name: 'AddPartitionsToTxn is answered CONCURRENT_TRANSACTIONS',
    api: 'addPartitionsToTxn',
    times: 5,
    fault: answer(errorCodes.CONCURRENT_TRANSACTIONS),
    startsOver: false,
  },
  {
    name: 'AddOffsetsToTxn loses its connection',
    api: 'addOffsetsToTxn',
    times: 2,
    fault: () => ({ dropResponse: 'disconnect' }),
    startsOver: false,
  },
  {
    name: 'TxnOffsetCommit is answered PRODUCER_FENCED',
    api: 'txnOffsetCommit',
    times: 1,
    fault: answer(errorCodes.PRODUCER_FENCED),
    startsOver: true,
  },
  {
    name: 'TxnOffsetCommit takes effect, its answer is lost',
    api: 'txnOffsetCommit',
    times: 1,
    fault: () => ({ dropResponse: 'disconnect' }),
    startsOver: false,
  },
]

describe.each(suites)('exactly once by $transactionScope, transactions of version $version, when', (suite) => {
  const { version, transactionScope, transactionalId, tasks } = suite
  let app: TestApp
  beforeEach(() => {
    const settings = { transactionScope, groupInstanceId: 'one', requestTimeoutMs: 1_000 }
    app = new TestApp(settings, { transactionVersion: version }).topics({ in: 2, out: 2 })
  })
  afterEach(() => app.close())

  /** Equal to a plain count: output, changelog (the store as a restore would have it), and offsets. */
  function expectExact(input: readonly string[]): void {
    expect(app.latest('out')).toEqual(countsOf(input))
    expect(keysNotRising(app, 'out')).toEqual([])
    const logged = [0, 1].flatMap((partition) =>
      app.cluster
        .records('app-counts-changelog', partition)
        .map(({ key, value }) => [String(key), String(value!.readBigInt64BE(0))] as const),
    )
    expect(new Map(logged)).toEqual(countsOf(input))
  }

  const met = version === 1 ? cases : cases.filter(({ api }) => !api.startsWith('add'))

  it.each(met)('$name', async ({ api, times, fault, startsOver }) => {
    await app.produce('in', ...records.slice(0, 80))
    const instance = await app.start(countByKey())
    await app.caughtUp('in')
    let left = times
    const mend = app.cluster.intercept((exchange) => {
      if (left === 0 || !isOf(exchange, api, transactionalId)) return undefined
      left--
      return fault(exchange)
    })
    await app.produce('in', ...records.slice(80, 160))
    await app.caughtUp('in')
    expect(left).toBe(0)
    mend()
    await app.produce('in', ...records.slice(160))
    await app.caughtUp('in')

    expectExact(keys)
    expect(instance.state).toBe('RUNNING')
    if (startsOver) expect(instance.logged('start over')).toBeDefined()
    // The store on disk agrees: another run counts on from it.
    await instance.close()
    const next = await app.start(countByKey())
    await app.produce('in', ...records.slice(0, 17))
    await app.caughtUp('in')
    expect(next.streams.metrics().recordsRestored).toBe(0)
    expectExact([...keys, ...keys.slice(0, 17)])
  })

  it('the broker has aborted a transaction that stayed open for too long', async () => {
    // Held up between its sends and its end for longer than the transaction may take.
    const instance = await app.start(countByKey(), 'a', { transactionTimeoutMs: 150, requestTimeoutMs: 5_000 })
    await app.produce('in', ...records.slice(0, 80))
    await app.caughtUp('in')
    let held = false
    app.cluster.intercept((exchange) => {
      if (held || !isOf(exchange, 'txnOffsetCommit', transactionalId)) return undefined
      held = true
      return { requestDelayMs: 600 }
    })
    await app.produce('in', ...records.slice(80))
    await app.caughtUp('in')

    expect(held).toBe(true)
    expectExact(keys)
    expect(instance.state).toBe('RUNNING')
  })

  it('another producer takes the transactional id while the group still gives us the task', async () => {
    const instance = await app.start(countByKey())
    await app.produce('in', ...records.slice(0, 80))
    await app.caughtUp('in')
    const wire = app.cluster.open('produce')
    const { nodeId } = await wire.send('any', 'findCoordinator', { key: transactionalId, keyType: 1 })
    await wire.send(nodeId, 'initProducerId', {
      transactionalId,
      transactionTimeoutMs: 1_000,
      producerId: -1,
      producerEpoch: -1,
    })
    await wire.close()
    await app.produce('in', ...records.slice(80))
    await app.caughtUp('in')

    expect(instance.logged('start over')?.fields).toMatchObject({ tasks, code: 'STREAMS_PRODUCER_FENCED' })
    expectExact(keys)
  })

  it('the cluster is away while the tasks start for the first time: they start once more, and then process', async () => {
    await app.produce('in', ...records)
    let committedAsked = false
    const mend = app.cluster.intercept(({ api }) => {
      if (api === 'offsetFetch') committedAsked = true
      return committedAsked && api === 'listOffsets' ? { dropRequest: 'disconnect' } : undefined
    })
    const instance = app.open(countByKey(), 'a', { requestTimeoutMs: 300 })
    const started = instance.streams.start()
    await until('they start over', () => instance.logged('start over') !== undefined)
    mend()
    await started
    await app.caughtUp('in')

    expectExact(keys)
    expect(instance.errors).toEqual([])
  })

  it('every transaction is refused: it gives up, and the error tells why', async () => {
    const instance = await app.start(countByKey())
    await app.produce('in', ...records.slice(0, 80))
    await app.caughtUp('in')
    const mend = app.cluster.intercept((exchange) =>
      isOf(exchange, 'endTxn', transactionalId) ? answer(errorCodes.INVALID_TXN_STATE)(exchange) : undefined,
    )
    await app.produce('in', ...records.slice(80))
    const error = await instance.failed()
    expect(error).toMatchObject({ code: expect.stringMatching(/STREAMS_(TRANSACTION_ABORTED|PRODUCER_FENCED)/) })
    mend()
    await until('it has ended', () => instance.state === 'ERROR')
    await app.start(countByKey())
    await app.caughtUp('in')
    expectExact(keys)
  })
})
