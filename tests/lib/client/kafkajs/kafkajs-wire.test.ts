import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { jest } from '@jest/globals'
import {
  ConnectionError,
  RequestTimeoutError,
  UnknownNodeError,
  UnsupportedBrokerError,
} from '../../../../lib/client/errors.ts'
import { systemClock } from '../../../../lib/core/clock.ts'
import { beat, CALM, FETCH_NOTHING, failure, NO_TOPICS, until, WireHarness } from './wire-harness.ts'

let harness = new WireHarness()
beforeEach(() => {
  harness = new WireHarness()
})
afterEach(() => harness.close())

describe('a wire over kafkajs', () => {
  it('sends a request to any node, and knows the nodes from the answer', async () => {
    const broker = await harness.broker({ nodeId: 7 })
    const wire = harness.wire({ brokers: [broker.address] })

    const metadata = await wire.send('any', 'metadata', NO_TOPICS)
    const answer = await wire.send(7, 'heartbeat', beat())

    expect(metadata.brokers).toEqual([{ nodeId: 7, host: '127.0.0.1', port: broker.port, rack: null }])
    expect(answer).toEqual(CALM)
    expect(broker.requests.map(({ name }) => name)).toEqual(['metadata', 'heartbeat'])
    expect(broker.connectionCount).toBe(1)
  })

  it('asks the cluster once for a node that it does not know', async () => {
    const broker = await harness.broker({ nodeId: 7 })
    const wire = harness.wire({ brokers: [broker.address] })

    await wire.send(7, 'heartbeat', beat())
    const error = await failure(wire.send(8, 'heartbeat', beat()))

    expect(error).toBeInstanceOf(UnknownNodeError)
    expect(error.message).toBe('Heartbeat: the cluster has no broker 8; it has 7')
    expect(broker.requests.map(({ name }) => name)).toEqual(['metadata', 'heartbeat', 'metadata'])
  })

  it('knows a coordinator’s address from the answer that names it', async () => {
    const [first, second] = [await harness.broker(), await harness.broker({ nodeId: 2 })]
    first.on('findCoordinator', () => ({
      ...CALM,
      errorMessage: null,
      nodeId: 2,
      host: '127.0.0.1',
      port: second.port,
    }))
    const wire = harness.wire({ brokers: [first.address] })

    await wire.send('any', 'findCoordinator', { key: 'g', keyType: 0 })
    await wire.send(2, 'heartbeat', beat())

    expect(second.requests).toHaveLength(1)
    expect(first.requests).toHaveLength(1)
  })

  it('keeps the order of requests, also of those made before it was connected', async () => {
    const broker = await harness.broker()
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)
    broker.cut()
    await until(() => broker.openConnectionCount === 0)
    const answered: string[] = []
    const order = Array.from({ length: 200 }, (_, i) => String(i))

    const sendAll = async () => {
      const sent: Promise<unknown>[] = []
      for (const name of order) {
        if (Number(name) % 20 === 19) await systemClock.yield() // some before, some during, some after connecting
        sent.push(wire.send(1, 'heartbeat', beat(name)).then(() => answered.push(name)))
      }
      await Promise.all(sent)
    }
    await sendAll()

    expect(broker.requests.slice(1).map(({ request }) => request.memberId)).toEqual(order)
    expect(answered).toEqual(order)
    expect(broker.connectionCount).toBe(2)
  })

  it('gives each wire its own connection: what one waits for does not delay the other', async () => {
    const broker = await harness.broker()
    const parked = Promise.withResolvers<typeof CALM>()
    broker.on('heartbeat', ({ memberId }) => (memberId === 'parked' ? parked.promise : CALM))
    const factory = harness.factory({ brokers: [broker.address] })
    const wires = [factory.open('group'), factory.open('fetch')]
    await Promise.all(wires.map((wire) => wire.send('any', 'metadata', NO_TOPICS)))

    const slow = wires[0]!.send(1, 'heartbeat', beat('parked'))
    await wires[1]!.send(1, 'heartbeat', beat())
    parked.resolve(CALM)
    await slow
    expect(broker.connectionCount).toBe(2)
  })

  it('puts a response together that comes in pieces', async () => {
    const broker = await harness.broker()
    const records = Buffer.alloc(3_000_000, 7)
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 1,
      lastStableOffset: 1,
      logStartOffset: 0,
      abortedTransactions: null,
      preferredReadReplica: -1,
      records,
    }
    broker.on('fetch', () => ({ ...CALM, sessionId: 0, topics: [{ name: 't', partitions: [partition] }] }))
    const wire = harness.wire({ brokers: [broker.address] })

    const response = await wire.send('any', 'fetch', FETCH_NOTHING)

    expect(response.topics[0]!.partitions[0]!.records!.equals(records)).toBe(true)
  })
})

describe('a broken connection', () => {
  it('rejects what was under way, and the next request connects again', async () => {
    const broker = await harness.broker()
    broker.on('heartbeat', ({ memberId }) => (memberId === 'cut' ? 'cut' : CALM))
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)

    const sent = ['cut', 'behind it'].map((memberId) => failure(wire.send(1, 'heartbeat', beat(memberId))))
    for (const error of await Promise.all(sent)) {
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error.message).toMatch(`Heartbeat to broker 1 (${broker.address}): the `)
    }
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
    expect(broker.connectionCount).toBe(2)
  })

  it('takes no request any more, not even in the moment of its end', async () => {
    const broker = await harness.broker()
    let cuts = 20
    broker.on('heartbeat', () => (cuts-- > 0 ? 'cut' : CALM))
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)

    // Sent again in the very microtask that learns of the failure.
    const stubborn = (left: number): Promise<unknown> =>
      wire.send(1, 'heartbeat', beat()).catch((error) => (left > 0 ? stubborn(left - 1) : Promise.reject(error)))

    expect(await stubborn(30)).toEqual(CALM)
  })

  it('in the middle of a response counts as broken', async () => {
    const broker = await harness.broker()
    broker.on('heartbeat', () => 'half a response, then cut')
    const wire = harness.wire({ brokers: [broker.address] })

    const error = await failure(wire.send('any', 'heartbeat', beat()))

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/the broker closed the connection/)
  })

  it('with a first request unanswered hints at credentials', async () => {
    const broker = await harness.broker()
    broker.on('metadata', () => 'close')
    const error = await failure(harness.wire({ brokers: [broker.address] }).send('any', 'metadata', NO_TOPICS))
    expect(error.message).toMatch(/closed the connection before it answered a request: its listener may expect cred/)
  })
})

describe('a request without an answer', () => {
  it('rejects in its time, and the connection is given up', async () => {
    const broker = await harness.broker()
    broker.on('heartbeat', ({ memberId }) => (memberId === 'silent' ? 'silence' : CALM))
    broker.on('leaveGroup', () => 'silence')
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)
    const start = performance.now()

    const silent = failure(wire.send(1, 'heartbeat', beat('silent'), { timeoutMs: 100 }))
    const behind = failure(wire.send(1, 'leaveGroup', { groupId: 'g', members: [] }, { timeoutMs: 60_000 }))

    expect(await silent).toBeInstanceOf(RequestTimeoutError)
    expect((await silent).message).toBe(`Heartbeat to broker 1 (${broker.address}): no answer within 100 ms`)
    expect(performance.now() - start).toBeGreaterThan(95)
    expect(await behind).toBeInstanceOf(ConnectionError)
    expect((await behind).message).toMatch(/LeaveGroup .* given up, because Heartbeat got no answer within 100 ms/)
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
    expect(broker.connectionCount).toBe(2)
  })

  it('waits as long as the options say, by default as long as the client does', async () => {
    const broker = await harness.broker()
    broker.on('heartbeat', () => 'silence')
    const byOption = harness.wire({ brokers: [broker.address], requestTimeoutMs: 50 }, 60_000)
    const byContext = harness.wire({ brokers: [broker.address] }, 60)
    expect((await failure(byOption.send('any', 'heartbeat', beat()))).message).toMatch(/no answer within 50 ms/)
    expect((await failure(byContext.send('any', 'heartbeat', beat()))).message).toMatch(/no answer within 60 ms/)
  })
})

describe('a broker that cannot be reached', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function closedPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }

  it('is named, with what the system says', async () => {
    const port = await closedPort()
    const error = await failure(harness.wire({ brokers: [`127.0.0.1:${port}`] }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(
      `Metadata: no broker can be reached. broker 127.0.0.1:${port}: cannot connect: connect ECONNREFUSED`,
    )
  })

  it('is named by a host name too, with every address that was tried', async () => {
    const port = await closedPort()
    const error = await failure(harness.wire({ brokers: [`localhost:${port}`] }).send('any', 'metadata', NO_TOPICS))
    expect(error.message).toMatch(
      new RegExp(`broker localhost:${port}: cannot connect: connect ECONNREFUSED .*:${port}`),
    )
  })

  it('is given up after the connection time-out', async () => {
    const broker = await harness.broker({ greeting: 'silence' })
    const wire = harness.wire({ brokers: [broker.address], connectionTimeoutMs: 100 })
    const start = performance.now()
    const error = await failure(wire.send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/not connected within 100 ms before it answered: its listener may expect TLS/)
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  it('is waited for no longer than the request may take', async () => {
    const broker = await harness.broker({ greeting: 'silence' })
    const wire = harness.wire({ brokers: [broker.address], connectionTimeoutMs: 60_000 })
    const error = await failure(wire.send('any', 'metadata', NO_TOPICS, { timeoutMs: 80 }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/not connected within \d+ ms/)
  })

  it('is passed over for the next one', async () => {
    const [dead, broker] = [await closedPort(), await harness.broker({ nodeId: 2 })]
    const wire = harness.wire({ brokers: [`127.0.0.1:${dead}`, broker.address] })
    for (let i = 0; i < 3; i++) await wire.send('any', 'metadata', NO_TOPICS)
    expect(broker.requests).toHaveLength(3)
  })

  it('is passed over for the next one, also when it is silent', async () => {
    const [silent, broker] = [await harness.broker({ greeting: 'silence' }), await harness.broker({ nodeId: 2 })]
    const wire = harness.wire({ brokers: [silent.address, broker.address], connectionTimeoutMs: 60_000 })
    await wire.send('any', 'metadata', NO_TOPICS, { timeoutMs: 500 })
    expect(broker.requests).toHaveLength(1)
  })

  it('is passed over without a wait that has ended before it began, when the time is up', async () => {
    const silent = [await harness.broker({ greeting: 'silence' }), await harness.broker({ greeting: 'silence' })]
    const wire = harness.wire({ brokers: silent.map(({ address }) => address), connectionTimeoutMs: 60_000 })
    const setTimer = jest.spyOn(systemClock, 'setTimer')
    const failed = failure(wire.send('any', 'metadata', NO_TOPICS, { timeoutMs: 1 }))
    const busyUntilMs = performance.now() + 50
    while (performance.now() < busyUntilMs);
    expect(await failed).toBeInstanceOf(ConnectionError)
    const delaysMs = setTimer.mock.calls.map(([delayMs]) => delayMs)
    setTimer.mockRestore()
    expect(delaysMs.length).toBeGreaterThan(1)
    expect(Math.min(...delaysMs)).toBeGreaterThanOrEqual(0)
  })

  it('is tried again a moment later', async () => {
    const port = await closedPort()
    const wire = harness.wire({ brokers: [`127.0.0.1:${port}`] })
    await failure(wire.send('any', 'metadata', NO_TOPICS))
    const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    let message = 'ECONNREFUSED'
    const asking = (async () => {
      while (message.includes('ECONNREFUSED')) ({ message } = await failure(wire.send('any', 'metadata', NO_TOPICS)))
    })()
    await until(() => !message.includes('ECONNREFUSED'))
    await asking
  })

  it('is not tried by each of many requests: they learn of the attempt before', async () => {
    let attemptCount = 0
    const server = createServer((socket) => {
      attemptCount++
      socket.destroy()
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const wire = harness.wire({ brokers: [`127.0.0.1:${(server.address() as AddressInfo).port}`] })
    const startMs = performance.now()

    for (let i = 0; i < 200; i++) {
      const error = await failure(wire.send('any', 'metadata', NO_TOPICS))
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error.message).toMatch('the broker closed the connection')
    }

    // 50 ms apart at first, then 100, 200, …
    const elapsedMs = performance.now() - startMs
    expect(attemptCount).toBeGreaterThan(0)
    expect(attemptCount).toBeLessThanOrEqual(2 + Math.log2(1 + elapsedMs / 50))
  })
})

describe('an answer that makes no sense', () => {
  it('is an error that names the request, its version and the node', async () => {
    const broker = await harness.broker()
    broker.on('heartbeat', ({ memberId }) => (memberId === 'bad' ? Buffer.from([0, 0, 0, 0, 1]) : CALM))
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)

    const error = await failure(wire.send(1, 'heartbeat', beat('bad')))

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(
      `Heartbeat to broker 1 (${broker.address}): the answer to Heartbeat (version 3) cannot be read: 2 bytes wanted`,
    )
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
  })

  it.each([
    { what: 'a frame too short for a correlation id', greeting: Buffer.from([0, 0, 0, 2, 1, 1]) },
    { what: 'a frame of negative length', greeting: Buffer.from([255, 255, 255, 246, 1, 2, 3, 4, 5, 6]) },
    { what: 'HTTP', greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
  ])('ends the connection, not the process: $what', async ({ greeting }) => {
    const broker = await harness.broker({ greeting })
    const wire = harness.wire({ brokers: [broker.address], connectionTimeoutMs: 200 })
    expect(await failure(wire.send('any', 'metadata', NO_TOPICS))).toBeInstanceOf(ConnectionError)
  })
})

describe('a broker of another age', () => {
  it.each([
    {
      what: 'too old',
      range: [0, 5] as const,
      message: /version 11 of Fetch, the broker has 0 to 5. Use Kafka 3.1 or newer/,
    },
    {
      what: 'too new',
      range: [12, 18] as const,
      message: /version 11 of Fetch, the broker has 12 to 18. Use a newer version of Millrace/,
    },
    {
      what: 'without the request',
      range: undefined,
      message: /the broker does not know this request; Millrace needs version 11 of Fetch/,
    },
  ])('is refused for the request in question: $what', async ({ range, message }) => {
    const broker = await harness.broker({ versions: { fetch: range } })
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)

    const error = await failure(wire.send(1, 'fetch', FETCH_NOTHING))

    expect(error).toBeInstanceOf(UnsupportedBrokerError)
    expect(error.message).toMatch(`Fetch to broker 1 (${broker.address}): `)
    expect(error.message).toMatch(message)
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
  })
})

describe('close', () => {
  it('rejects what is under way, ends every socket, and refuses what comes later', async () => {
    const [first, second] = [await harness.broker(), await harness.broker({ nodeId: 2 })]
    const bothNodes = [first, second].map(({ nodeId, port }) => ({ nodeId, host: '127.0.0.1', port, rack: null }))
    first.on('metadata', () => ({
      throttleTimeMs: 0,
      brokers: bothNodes,
      clusterId: null,
      controllerId: 1,
      topics: [],
    }))
    for (const broker of [first, second]) broker.on('heartbeat', () => 'silence')
    const wire = harness.wire({ brokers: [first.address] })
    await wire.send('any', 'metadata', NO_TOPICS)
    const sent = [1, 2].map((node) => failure(wire.send(node, 'heartbeat', beat())))
    await until(() => second.requests.length === 1)

    await Promise.all([wire.close(), wire.close()])

    for (const error of await Promise.all(sent)) {
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error.message).toMatch(/Heartbeat to broker \d .*: the client was closed/)
    }
    await until(() => first.openConnectionCount + second.openConnectionCount === 0)
    expect(await failure(wire.send(1, 'heartbeat', beat()))).toBeInstanceOf(ConnectionError)
    expect(await failure(wire.send('any', 'metadata', NO_TOPICS))).toBeInstanceOf(ConnectionError)
    expect(first.connectionCount + second.connectionCount).toBe(2)
  })

  it('ends an attempt to connect', async () => {
    const broker = await harness.broker({ greeting: 'silence' })
    const wire = harness.wire({ brokers: [broker.address, broker.address.replace('127.0.0.1', 'localhost')] })
    const sent = failure(wire.send('any', 'metadata', NO_TOPICS))
    await until(() => broker.connectionCount === 1)
    await wire.close()
    expect((await sent).message).toMatch(/the client was closed/)
    await until(() => broker.openConnectionCount === 0)
    expect(broker.connectionCount).toBe(1)
  })
})

it('an invalid value is an error before anything is sent', async () => {
  const broker = await harness.broker()
  const error = await failure(
    harness.wire({ brokers: [broker.address] }).send('any', 'heartbeat', beat('m'.repeat(40_000))),
  )
  expect(error.code).toBe('STREAMS_INVARIANT')
  expect(error.message).toMatch(/^Heartbeat cannot be encoded: /)
  expect(broker.connectionCount).toBe(0)
})
