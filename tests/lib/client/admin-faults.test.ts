// An admin's questions to coordinators and brokers that move, go away, refuse or answer nonsense.
import { describe, expect, it } from '@jest/globals'
import type { Admin, Client } from '../../../lib/client/client.ts'
import { type AnyResponse, errorResponse, type MemoryCluster, memoryCluster } from '../../../lib/client/memory/index.ts'
import type { ApiName, ResponseOf } from '../../../lib/client/protocol/apis.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'

type GroupListed = ResponseOf<'listGroups'>['groups'][number]

const LIMIT_MS = 60_000
const TIMEOUT_MS = 5_000

class Bench {
  readonly clock = new VirtualClock()
  readonly cluster: MemoryCluster = memoryCluster({
    clock: this.clock,
    nodes: 3,
    latencyMs: 2,
    transactionMarkerDelayMs: 100,
  })
  readonly client: Client = this.cluster.connect({
    clientId: 'test',
    clock: this.clock,
    logger: silentLogger,
    requestTimeoutMs: TIMEOUT_MS,
  })

  constructor() {
    this.cluster.createTopic('t', { partitions: 2 })
  }

  get admin(): Admin {
    return this.client.admin
  }

  async finished<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = (): void => {
      settled = true
    }
    promise.then(done, done)
    await this.clock.advanceUntil(() => settled, LIMIT_MS)
    return promise
  }

  /** A group and a transactional id that there are. */
  async filled(): Promise<this> {
    await this.finished(this.admin.alterOffsets('g', [{ topic: 't', partition: 0, offset: 0, metadata: 'm' }]))
    await this.finished(this.admin.fenceProducers(['tx']))
    return this
  }
}

const g = [{ topic: 't', partition: 0, offset: 0 }]

interface Call {
  readonly api: ApiName
  readonly call: (admin: Admin) => Promise<unknown>
  /** The subject of its errors. */
  readonly what: string
  /** What comes of it, where something does. */
  readonly result?: unknown
}

const groupCalls: readonly Call[] = [
  {
    api: 'describeGroups',
    call: (a) => a.describeGroup('g'),
    what: "Describing group 'g'",
    result: expect.objectContaining({ groupId: 'g', state: 'Empty' }),
  },
  { api: 'deleteGroups', call: (a) => a.deleteGroup('g'), what: "Deleting group 'g'" },
  {
    api: 'offsetFetch',
    call: (a) => a.committedOffsets('g'),
    what: "Reading the offsets committed by group 'g'",
    result: new Map([['t:0', { topic: 't', partition: 0, offset: 0, metadata: 'm' }]]),
  },
  { api: 'offsetCommit', call: (a) => a.alterOffsets('g', g), what: "Changing the offsets of t-0 for group 'g'" },
  { api: 'offsetDelete', call: (a) => a.deleteOffsets('g', g), what: "Deleting the offsets of t-0 for group 'g'" },
]
const transactionCalls: readonly Call[] = [
  {
    api: 'describeTransactions',
    call: (a) => a.describeTransaction('tx'),
    what: "Describing the transaction of 'tx'",
    result: expect.objectContaining({ transactionalId: 'tx', state: 'Empty' }),
  },
  {
    api: 'initProducerId',
    call: (a) => a.fenceProducers(['tx']),
    what: "Fencing the producer of transactional id 'tx'",
  },
]
const listCalls: readonly Call[] = [
  {
    api: 'listGroups',
    call: (a) => a.listGroups(),
    what: 'Listing the groups',
    result: [{ groupId: 'g', protocolType: '', state: 'Empty' }],
  },
  {
    api: 'listTransactions',
    call: (a) => a.listTransactions(),
    what: 'Listing the transactions',
    result: [{ transactionalId: 'tx', producerId: 0, state: 'Empty' }],
  },
]
const configCalls: readonly Call[] = [
  {
    api: 'describeConfigs',
    call: (a) => a.describeConfigs({ broker: 2 }, { onlySet: true }),
    what: 'Reading the configuration of broker 2',
    result: new Map(),
  },
  {
    api: 'incrementalAlterConfigs',
    call: (a) => a.alterConfigs({ broker: 2 }, { 'log.cleaner.threads': '2' }),
    what: 'Changing the configuration of broker 2',
  },
]
const topicCalls: readonly Call[] = [
  {
    api: 'createTopics',
    call: async (a) => {
      await a.createTopics([{ topic: 'new', partitionCount: 1 }])
      return (await a.describeTopics(['new'])).size
    },
    what: "Creating topic 'new'",
    result: 1,
  },
  {
    api: 'deleteTopics',
    call: async (a) => {
      await a.deleteTopics(['t'])
      return (await a.describeTopics(['t'])).size
    },
    what: "Deleting topic 't'",
    result: 0,
  },
  {
    api: 'createPartitions',
    call: async (a) => {
      await a.createPartitions('t', 3)
      return (await a.describeTopics(['t'])).get('t')?.partitionCount
    },
    what: "Raising the partitions of topic 't' to 3",
    result: 3,
  },
]
const all = [...topicCalls, ...groupCalls, ...transactionCalls, ...listCalls, ...configCalls]

describe('an admin', () => {
  it.each(all)('asks again when the answer to $api is lost, and when it tells of trouble that passes', async (each) => {
    const bench = await new Bench().filled()
    let count = 0
    bench.cluster.intercept((exchange) => {
      if (exchange.api !== each.api) return undefined
      count++
      if (count === 1) return { dropResponse: 'disconnect' }
      return count === 2 ? { answer: errorResponse(exchange, errorCodes.COORDINATOR_LOAD_IN_PROGRESS) } : undefined
    })
    expect(await bench.finished(each.call(bench.admin))).toEqual(each.result)
    expect(count).toBeGreaterThanOrEqual(3)
  })

  it.each([...groupCalls, ...transactionCalls])('finds the coordinator that has moved: $api', async (each) => {
    const bench = await new Bench().filled()
    const asked: number[] = []
    bench.cluster.intercept(({ api, node }) => {
      if (api === each.api) asked.push(node)
      return undefined
    })
    const type = transactionCalls.includes(each) ? 'transaction' : 'group'
    const key = type === 'group' ? 'g' : 'tx'
    const described = type === 'group' ? bench.admin.describeGroup(key) : bench.admin.describeTransaction(key)
    const before = (await bench.finished<{ readonly coordinator: number } | undefined>(described))!.coordinator
    const after = (before % 3) + 1
    bench.cluster.moveCoordinator(type, key, after)

    asked.length = 0
    expect(await bench.finished(each.call(bench.admin))).toEqual(each.result)
    expect(asked).toEqual([before, after])
  })

  it.each([...groupCalls, ...transactionCalls])(
    'finds another coordinator when one cannot be reached: $api',
    async (each) => {
      const bench = await new Bench().filled()
      const type = transactionCalls.includes(each) ? 'transaction' : 'group'
      const key = type === 'group' ? 'g' : 'tx'
      const asked: number[] = []
      bench.cluster.intercept(({ api, node }) => {
        if (api !== each.api) return undefined
        asked.push(node)
        if (asked.length > 1) return undefined
        bench.cluster.moveCoordinator(type, key, (node % 3) + 1)
        return { dropRequest: 'disconnect' }
      })
      expect(await bench.finished(each.call(bench.admin))).toEqual(each.result)
      // Asked again at the new place at once: the old one would only have said where it is not.
      expect(asked).toEqual([asked[0], (asked[0]! % 3) + 1])
    },
  )

  it.each(all)('gives up on $api within the request time-out, saying what could not be done', async (each) => {
    const bench = await new Bench().filled()
    bench.cluster.intercept(({ api }) => (api === each.api ? { dropRequest: 'disconnect' } : undefined))
    const startMs = bench.clock.now()
    await expect(bench.finished(each.call(bench.admin))).rejects.toMatchObject({
      code: 'STREAMS_BROKER_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`^${each.what} did not succeed within ${TIMEOUT_MS} ms`)),
    })
    expect(bench.clock.now() - startMs).toBeLessThanOrEqual(TIMEOUT_MS)
  })

  it.each(all)('gives up on $api in silence within the request time-out', async (each) => {
    const bench = await new Bench().filled()
    bench.cluster.intercept(({ api }) => (api === each.api ? { dropRequest: 'silence' } : undefined))
    const startMs = bench.clock.now()
    await expect(bench.finished(each.call(bench.admin))).rejects.toMatchObject({ code: 'STREAMS_BROKER_UNAVAILABLE' })
    expect(bench.clock.now() - startMs).toBeLessThanOrEqual(TIMEOUT_MS)
  })

  // Of who lists all that there is, an empty list is an answer, too.
  const lists: readonly ApiName[] = ['initProducerId', 'offsetFetch', 'listGroups', 'listTransactions']
  it.each(all.filter(({ api }) => !lists.includes(api)))(
    'takes no answer to $api that lacks what was asked for',
    async (each) => {
      const bench = await new Bench().filled()
      let count = 0
      bench.cluster.intercept((exchange) => {
        if (exchange.api !== each.api || ++count > 1) return undefined
        return { onResponse: emptied }
      })
      expect(await bench.finished(each.call(bench.admin))).toEqual(each.result)
      expect(count).toBe(2)
    },
  )

  it.each([
    ...groupCalls.map((each) => ({ ...each, code: errorCodes.GROUP_AUTHORIZATION_FAILED, resource: "group 'g'" })),
    ...transactionCalls.map((each) => ({
      ...each,
      code: errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      resource: "transactional id 'tx'",
    })),
    ...configCalls.map((each) => ({
      ...each,
      code: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
      resource: "cluster 'kafka-cluster'",
    })),
  ])('says what it may not do: $api', async ({ api, call, what, code, resource }) => {
    const bench = await new Bench().filled()
    bench.cluster.intercept((exchange) => {
      return exchange.api === api ? { answer: errorResponse(exchange, code) } : undefined
    })
    const refused = expect(bench.finished(call(bench.admin))).rejects
    await refused.toMatchObject({ code: 'STREAMS_AUTHORIZATION', message: expect.stringContaining(what) })
    await expect(bench.finished(call(bench.admin))).rejects.toThrow(resource)
  })

  it('lists what all brokers tell, each thing once, though it moves from one to another meanwhile', async () => {
    const bench = new Bench()
    for (const id of ['b', 'a', 'c', 'd', 'e']) await bench.finished(bench.admin.alterOffsets(id, g))
    const asked: number[] = []
    bench.cluster.intercept(({ api, node }) => {
      if (api !== 'listGroups') return undefined
      asked.push(node)
      // As if the second broker had got the first one's groups before it answers.
      const withA = (response: AnyResponse) => ({ ...response, groups: [...groupsIn(response), listed('a')] })
      return node === 2 ? { onResponse: (response) => withA(response) as AnyResponse } : undefined
    })
    const found = await bench.finished(bench.admin.listGroups())
    expect(found.map(({ groupId }) => groupId)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(asked.sort()).toEqual([1, 2, 3])
  })

  it('moves no offsets while somebody joins, and says who it is', async () => {
    const bench = await new Bench().filled()
    const wire = bench.cluster.open('group', 'joiner')
    const node = (await bench.finished(bench.admin.describeGroup('g')))!.coordinator
    const request = {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      groupInstanceId: 'i',
      protocolType: 'consumer',
      protocols: [{ name: 'p', metadata: Buffer.alloc(0) }],
    }
    await bench.finished(wire.send(node, 'joinGroup', request))
    expect(await bench.finished(bench.admin.describeGroup('g'))).toMatchObject({
      state: 'CompletingRebalance',
      protocol: '',
      members: [{ clientId: 'joiner', instanceId: 'i', partitions: [] }],
    })
    await expect(bench.finished(bench.admin.resetOffsets('g', g, 'earliest'))).rejects.toMatchObject({
      code: 'STREAMS_GROUP_NOT_EMPTY',
      message: expect.stringContaining("the group has 1 member (client 'joiner' at 127.0.0.1)"),
    })
    await wire.close()
  })

  it('tries again what a member refused that has left by now', async () => {
    const bench = await new Bench().filled()
    let count = 0
    bench.cluster.intercept((exchange) => {
      if (exchange.api !== 'deleteGroups' || ++count > 1) return undefined
      return { answer: errorResponse(exchange, errorCodes.NON_EMPTY_GROUP) }
    })
    await bench.finished(bench.admin.deleteGroup('g'))
    expect(count).toBe(2)
    expect(await bench.finished(bench.admin.describeGroup('g'))).toBeUndefined()
  })

  it('shows no secret, even if a broker does', async () => {
    const bench = new Bench()
    const secret = {
      name: 'password',
      value: 'hunter2',
      readOnly: false,
      configSource: 2,
      isSensitive: true,
      synonyms: [],
    }
    bench.cluster.intercept(({ api }) => {
      if (api !== 'describeConfigs') return undefined
      return {
        onResponse: (response) => {
          const { results, ...rest } = response as ResponseOf<'describeConfigs'>
          return { ...rest, results: results.map((result) => ({ ...result, configs: [secret] })) }
        },
      }
    })
    expect([...(await bench.finished(bench.admin.describeConfigs({ broker: 1 })))]).toEqual([['password', null]])
  })

  it('says so when a group has members that it cannot describe', async () => {
    const bench = new Bench()
    bench.cluster.intercept((exchange) =>
      exchange.api === 'deleteGroups' ? { answer: errorResponse(exchange, errorCodes.NON_EMPTY_GROUP) } : undefined,
    )
    await expect(bench.finished(bench.admin.deleteGroup('newer'))).rejects.toMatchObject({
      code: 'STREAMS_GROUP_NOT_EMPTY',
      members: [],
      message: expect.stringContaining('members that cannot be described'),
    })
  })

  it('waits before it shifts offsets for a transaction that is still ending', async () => {
    const bench = new Bench()
    const producer = bench.client.producer({ transactionalId: 'tx' })
    await bench.finished(producer.init())
    producer.send('t', 0, null, Buffer.from('x'), 1, [])
    producer.send('t', 0, null, Buffer.from('y'), 1, [])
    await bench.finished(bench.admin.alterOffsets('g', g))
    await bench.finished(
      producer.commit([{ topic: 't', partition: 0, offset: 2, metadata: '' }], {
        groupId: 'g',
        memberId: '',
        generation: -1,
        instanceId: null,
      }),
    )
    // The markers are on their way.
    expect((await bench.finished(bench.admin.committedOffsets('g'))).get('t:0')?.offset).toBe(0)
    expect(await bench.finished(bench.admin.resetOffsets('g', g, { shiftBy: -1 }))).toEqual(new Map([['t:0', 1]]))
  })

  it.each([
    { late: 'describeGroups' as const, early: errorCodes.NON_EMPTY_GROUP },
    { late: 'findCoordinator' as const, early: errorCodes.NOT_COORDINATOR },
  ])('a second question ($late) takes no longer than what is left of the first', async ({ late, early }) => {
    const bench = await new Bench().filled()
    let isLate = false
    bench.cluster.intercept((exchange) => {
      if (exchange.api === 'deleteGroups') {
        isLate = true
        return { responseDelayMs: 2_000, answer: errorResponse(exchange, early) }
      }
      return isLate && exchange.api === late ? { dropRequest: 'disconnect' } : undefined
    })
    const startMs = bench.clock.now()
    await expect(bench.finished(bench.admin.deleteGroup('g'))).rejects.toMatchObject({
      code: 'STREAMS_BROKER_UNAVAILABLE',
    })
    expect(bench.clock.now() - startMs).toBeLessThanOrEqual(TIMEOUT_MS)
  })

  it('fences many producers, a bounded number at a time', async () => {
    const bench = new Bench()
    const ids = Array.from({ length: 40 }, (_, index) => `tx-${index}`)
    let [open, most] = [0, 0]
    bench.cluster.intercept(({ api }) => {
      if (api !== 'initProducerId') return undefined
      most = Math.max(most, ++open)
      return {
        onResponse: () => {
          open--
          return undefined
        },
      }
    })
    await bench.finished(bench.admin.fenceProducers(ids))
    expect(
      (await bench.finished(bench.admin.listTransactions())).map(({ transactionalId }) => transactionalId),
    ).toEqual([...ids].sort())
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(16)
  })
})

function listed(groupId: string): GroupListed {
  return { groupId, protocolType: '', groupState: 'Empty' }
}

function groupsIn(response: AnyResponse): readonly GroupListed[] {
  return (response as ResponseOf<'listGroups'>).groups
}

// As a broker never answers: every list of the response without its items.
function emptied(response: AnyResponse): AnyResponse {
  const fields = Object.entries(response).map(([name, value]) => [name, Array.isArray(value) ? [] : value])
  return Object.fromEntries(fields)
}
