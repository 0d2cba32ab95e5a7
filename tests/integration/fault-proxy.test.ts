// The proxy in front of a server that answers each Kafka request with an answer of a size that the request asks for.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter, requestHeader } from '../../integration/fault-proxy/frames.ts'
import { FaultProxy } from '../../integration/fault-proxy.ts'
import { type ApiName, apis } from '../../lib/client/protocol/apis.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { until } from '../support/until.ts'

const ANSWER_HEADER_BYTES = 8

/** Length, api key, version, correlation id, client id, and how many bytes the answer is to have behind its header. */
function request(api: ApiName, correlationId: number, answerBytes = 0, clientId = 'test'): Buffer {
  const frame = Buffer.alloc(14 + clientId.length + 4)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt16BE(apis[api].key, 4)
  frame.writeInt32BE(correlationId, 8)
  frame.writeInt16BE(clientId.length, 12)
  frame.write(clientId, 14)
  frame.writeInt32BE(answerBytes, 14 + clientId.length)
  return frame
}

function answer(frame: Buffer): Buffer {
  const bytes = Buffer.alloc(ANSWER_HEADER_BYTES + frame.readInt32BE(frame.length - 4), 7)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt32BE(requestHeader(frame).correlationId, 4)
  return bytes
}

/** One connection of a client, with all that happened to it. */
class TestClient {
  readonly socket: Socket
  received = Buffer.alloc(0)
  ended = false
  closed = false
  error: string | undefined

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
    })
    this.socket.on('end', () => {
      this.ended = true
    })
    this.socket.on('error', (error: Error & { code?: string }) => {
      this.error = error.code ?? error.message
    })
    this.socket.on('close', () => {
      this.closed = true
    })
  }

  /** The correlation ids of whole answers. */
  get answered(): readonly number[] {
    return new FrameSplitter().push(this.received).map((frame) => frame.readInt32BE(4))
  }
}

let proxy: FaultProxy
let server: Server
/** The correlation ids that the server has got. */
let delivered: number[]
let serverEnds: number
const serverSockets = new Set<Socket>()
const clients: TestClient[] = []

beforeEach(async () => {
  delivered = []
  serverEnds = 0
  server = createServer({ allowHalfOpen: true }, (socket) => {
    const splitter = new FrameSplitter()
    serverSockets.add(socket)
    socket.on('data', (chunk) => {
      for (const frame of splitter.push(chunk)) {
        delivered.push(requestHeader(frame).correlationId)
        if (socket.writable) socket.write(answer(frame))
      }
    })
    socket.on('end', () => {
      serverEnds++
      socket.end()
    })
    socket.on('error', () => {})
    socket.on('close', () => serverSockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.open()
  proxy.forwardTo((server.address() as AddressInfo).port)
})
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  await proxy.close()
  for (const socket of serverSockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

function client(): TestClient {
  const opened = new TestClient(proxy.port)
  clients.push(opened)
  return opened
}

/** A client whose first request, number 0, was answered. */
async function connected(): Promise<TestClient> {
  const opened = client()
  opened.socket.write(request('metadata', 0))
  await until('the first answer', () => opened.answered.length === 1)
  return opened
}

async function answeredAnew(): Promise<void> {
  const next = await connected()
  expect(next.answered).toEqual([0])
}

it('passes everything on, in order, whatever the pieces it comes in', async () => {
  const one = client()
  const bytes = Buffer.concat([request('fetch', 1, 300_000), request('produce', 2), request('fetch', 3, 10)])
  for (const at of [0, 1, 2, 3, 17, 18, 30]) one.socket.write(bytes.subarray(at, at === 30 ? undefined : nextOf(at)))
  await until('three answers', () => one.answered.length === 3)
  expect(one.answered).toEqual([1, 2, 3])
  expect(one.received.length).toBe(3 * ANSWER_HEADER_BYTES + 300_010)
  expect([proxy.requests('fetch'), proxy.requests('produce'), proxy.requests('endTxn')]).toEqual([2, 1, 0])
  expect(proxy.counts).toMatchObject({ connections: 1, cut: 0, delayedChunks: 0, swallowedBytes: 0 })

  one.socket.end()
  await until('both ends are closed', () => serverEnds === 1 && one.closed && proxy.openConnections === 0)
})

function nextOf(at: number): number {
  const stops = [0, 1, 2, 3, 17, 18, 30]
  return stops[stops.indexOf(at) + 1]!
}

it.each(['reset', 'fin'] as const)('cuts all connections: %s', async (how) => {
  const both = [await connected(), await connected()]
  expect(proxy.cutAll(how)).toBe(2)
  await until('both have ended', () => both.every(({ closed, ended }) => closed || ended))
  expect(both.map(({ error }) => error)).toEqual(
    how === 'reset' ? ['ECONNRESET', 'ECONNRESET'] : [undefined, undefined],
  )
  expect(proxy.counts.cut).toBe(2)
  await until('the server knows', () => serverSockets.size === 0)
  await answeredAnew()
})

it('refuses new connections, and keeps those that are open', async () => {
  const before = await connected()
  proxy.accepting = 'refuse'
  const refused = client()
  await until('it is refused', () => refused.closed)
  before.socket.write(request('metadata', 1))
  await until('the other is answered', () => before.answered.length === 2)
  expect(proxy.counts).toMatchObject({ connections: 2, refused: 1 })
  proxy.heal()
  await answeredAnew()
})

it('takes connections and never answers them, not even when healed', async () => {
  proxy.accepting = 'ignore'
  const ignored = client()
  ignored.socket.write(request('metadata', 1))
  await until('it is counted', () => proxy.counts.ignored === 1)
  proxy.heal()
  await answeredAnew()
  expect([ignored.closed, ignored.ended, ignored.received.length]).toEqual([false, false, 0])
  expect(delivered).toEqual([0])
})

it.each(['toBroker', 'toClient'] as const)('delays %s, in order', async (direction) => {
  const one = await connected()
  proxy.worsen({ [direction]: { delayMs: 100 } })
  const startMs = systemClock.monotonicMs()
  one.socket.write(request('metadata', 1))
  await until('the server has it', () => delivered.includes(1))
  proxy.heal()
  one.socket.write(request('metadata', 2))
  await until('all answers', () => one.answered.length === 3)
  expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(99)
  expect(one.answered).toEqual([0, 1, 2])
  expect(proxy.counts.delayedChunks).toBe(1)
})

it('delivers late what was sent before the client went away', async () => {
  const one = await connected()
  proxy.worsen({ toBroker: { delayMs: 100 } })
  one.socket.write(request('produce', 1))
  await until('the proxy has it', () => proxy.requests('produce') === 1)
  one.socket.destroy()
  expect(delivered).toEqual([0])
  await until('the server has it', () => delivered.includes(1))
  await until('the connection is over', () => proxy.openConnections === 0)
})

it('throttles', async () => {
  const one = await connected()
  proxy.worsen({ toClient: { bytesPerSecond: 1_000_000 } })
  const startMs = systemClock.monotonicMs()
  one.socket.write(request('fetch', 1, 200_000))
  await until('the answer', () => one.answered.length === 2)
  // 200 ms at that rate; the last piece is not waited for.
  expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(170)
  expect(proxy.counts.throttledPieces).toBeGreaterThanOrEqual(9)
})

it('swallows everything in both directions; a connection that lost bytes never comes back', async () => {
  const [lossy, idle] = [await connected(), await connected()]
  proxy.blackHole()
  lossy.socket.write(request('metadata', 1))
  await until('it is swallowed', () => proxy.counts.swallowedBytes > 0)
  for (const socket of serverSockets) socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 9]))
  await until('so is what the server sends', () => proxy.counts.swallowedBytes >= 16 + 22)
  proxy.heal()
  lossy.socket.write(request('metadata', 2))
  await answeredAnew()
  expect(delivered).toEqual([0, 0, 0])
  for (const { answered, closed } of [lossy, idle])
    expect({ answered, closed }).toEqual({ answered: [0], closed: false })
})

it.each([1, 5, 1_000])('cuts after exactly %i bytes towards the client', async (byteCount) => {
  const one = await connected()
  const before = one.received.length
  proxy.worsen({ toClient: { cutAfterBytes: byteCount } })
  one.socket.write(request('fetch', 1, 50_000))
  await until('it is cut', () => one.closed)
  expect(one.received.length - before).toBe(byteCount)
  expect(proxy.counts.cut).toBe(1)
  await answeredAnew()
})

it('half-closes towards the client: what the client sends still arrives', async () => {
  const one = await connected()
  expect(proxy.halfCloseAll('client')).toBe(1)
  await until('the client is told', () => one.ended)
  one.socket.write(request('metadata', 1))
  await until('the server has it', () => delivered.includes(1))
  expect(one.answered).toEqual([0])
  expect(proxy.counts.halfClosed).toBe(1)
})

it('half-closes towards the broker', async () => {
  await connected()
  expect(proxy.halfCloseAll('broker')).toBe(1)
  await until('the server is told', () => serverEnds === 1)
})

describe('a rule for one kind of request', () => {
  it.each([
    { fate: 'lose-request', delivered: [0], answered: [0], isCut: true },
    { fate: 'swallow-request', delivered: [0, 2], answered: [0, 2], isCut: false },
    { fate: 'lose-response', delivered: [0, 1, 2], answered: [0], isCut: true },
    { fate: 'swallow-response', delivered: [0, 1, 2], answered: [0, 2], isCut: false },
    { fate: { delayResponseMs: 50 }, delivered: [0, 1, 2], answered: [0, 1, 2], isCut: false },
    { fate: { cutResponseAfterBytes: 7 }, delivered: [0, 1, 2], answered: [0], isCut: true },
  ] as const)('$fate', async (expected) => {
    const one = await connected()
    const rule = proxy.rule({ api: 'endTxn', fate: expected.fate })
    one.socket.write(Buffer.concat([request('endTxn', 1, 100), request('metadata', 2)]))
    await until('the fault', () => rule.acted === 1)
    if (expected.isCut) await until('it is cut', () => one.closed)
    else await until('the other answer', () => one.answered.includes(2))
    // What follows on a connection that was cut may have been delivered, or not.
    expect(delivered.filter((id) => id < 2)).toEqual(expected.delivered.filter((id) => id < 2))
    expect(one.answered).toEqual(expected.answered)
    expect(proxy.counts.cut).toBe(expected.isCut ? 1 : 0)
    if (typeof expected.fate === 'object' && 'cutResponseAfterBytes' in expected.fate) {
      expect(one.received.length).toBe(ANSWER_HEADER_BYTES + 7)
    }
    const again = client()
    again.socket.write(request('endTxn', 3))
    await until('it happens once', () => again.answered.includes(3))
    expect(rule.acted).toBe(1)
  })

  it('can spare the first, take several, and mean one client only', async () => {
    const one = await connected()
    const rule = proxy.rule({ api: 'fetch', fate: 'swallow-response', after: 1, times: 2, clientId: 'mine' })
    const ids = [1, 2, 3, 4, 5]
    one.socket.write(
      Buffer.concat([request('fetch', 9, 0, 'others'), ...ids.map((id) => request('fetch', id, 0, 'mine'))]),
    )
    await until('the answers', () => one.answered.length === 5)
    expect(one.answered).toEqual([0, 9, 1, 4, 5])
    expect(rule.acted).toBe(2)
  })
})

it('cuts a connection on which no Kafka message can be', async () => {
  const one = client()
  one.socket.write('GET / HTTP/1.1\r\n\r\n')
  await until('it is cut', () => one.closed)
})

it('passes on that nobody listens', async () => {
  server.close()
  const one = client()
  await until('it is closed', () => one.closed)
})

it('leaves nothing open when it closes, whatever waits', async () => {
  const [delayed, held] = [await connected(), await connected()]
  proxy.accepting = 'ignore'
  const ignored = client()
  await until('it is ignored', () => proxy.counts.ignored === 1)
  proxy.worsen({ toBroker: { delayMs: 600_000 } })
  delayed.socket.write(request('metadata', 1))
  await until('it is delayed', () => proxy.counts.delayedChunks === 1)
  const { port } = proxy
  await proxy.close()
  await until(
    'all are closed',
    () => [delayed, held, ignored].every(({ closed }) => closed) && serverSockets.size === 0,
  )
  const late = new TestClient(port)
  await until('nobody listens', () => late.closed)
  expect(late.error).toBe('ECONNREFUSED')
})
