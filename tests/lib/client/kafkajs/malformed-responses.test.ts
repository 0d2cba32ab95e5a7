// A broker whose answers make no sense, over real sockets. Whatever comes: the request that it came for fails with an error that names it, or times
// out; nothing else of the process is touched, and the next request goes over a new connection.
import type { Socket } from 'node:net'
import { ConnectionError, RequestTimeoutError } from '../../../../lib/client/errors.ts'
import { type Api, type ApiName, apis } from '../../../../lib/client/protocol/apis.ts'
import { Writer } from '../../../../lib/client/protocol/schema.ts'
import { wireClient } from '../../../../lib/client/wire-client.ts'
import { systemClock } from '../../../../lib/core/clock.ts'
import { silentLogger } from '../../../../lib/core/log.ts'
import { Chance, FUZZ_TIMEOUT_MS, fuzzAsync } from '../../../support/fuzz.ts'
import { DreamReader } from '../protocol/dream-reader.ts'
import { beat, CALM, failure, NO_TOPICS, WireHarness } from './wire-harness.ts'

let harness = new WireHarness()
const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)
beforeEach(() => {
  harness = new WireHarness()
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await harness.close()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** Some request, or the body of some response. */
function madeUp(name: ApiName, side: 'request' | 'response', chance: Chance): { value: unknown; bytes: Buffer } {
  const { flexible, plainResponseHeader, [side]: schema } = apis[name] as Api<any, any>
  const value = schema.read(new DreamReader(flexible, { random: chance.random, maxLength: 3 }))
  const writer = new Writer(flexible)
  if (flexible && !(side === 'response' && plainResponseHeader === true)) writer.uvarint(0)
  schema.write(writer, value)
  return { value, bytes: Buffer.from(writer.done()) }
}

describe.each(Object.keys(apis) as ApiName[])('an answer to %s', (name) => {
  it('that is cut off fails that request, by name, and no later one', async () => {
    const chance = new Chance(name.length)
    const broker = await harness.broker()
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)
    for (const keep of [0, 1, 3]) {
      const { bytes } = madeUp(name, 'response', chance)
      const answers: Buffer[] = [bytes.subarray(0, Math.min(keep, bytes.length - 1))]
      broker.on(name, () => answers.shift() as never)
      const request = madeUp(name, 'request', chance).value as never
      const error = await failure(wire.send(1, name, request))
      expect(error).toBeInstanceOf(ConnectionError)
      const api = apis[name]
      expect(error.message).toMatch(`the answer to ${api.name} (version ${api.version}) cannot be read: `)
      expect(answers).toEqual([])
    }
    broker.on('heartbeat', () => CALM)
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
  })
})

describe('frames', () => {
  const int32 = (...values: number[]) =>
    Buffer.concat(values.map((value) => Buffer.from([value >> 24, value >> 16, value >> 8, value])))
  const answer = Buffer.concat([int32(4 + 6, 2 ** 30), Buffer.alloc(6)])

  it.each([
    { what: 'of negative length', bytes: int32(-5, 0, 0, 0), as: RequestTimeoutError },
    { what: 'of a length below that of the length itself', bytes: int32(-4, 0, 0, 0), as: ConnectionError },
    { what: 'of no length', bytes: int32(0, 0, 0), as: ConnectionError },
    { what: 'that promise two gigabytes', bytes: int32(2 ** 31 - 1, 0, 0), as: RequestTimeoutError },
    { what: 'that answer what nobody asked', bytes: Buffer.concat([answer, answer, answer]), as: RequestTimeoutError },
    { what: 'that are HTTP', bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), as: RequestTimeoutError },
  ])('$what end the connection at the latest with the time-out of the request', async ({ bytes, as }) => {
    const broker = await harness.broker()
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)
    let hostile = true
    broker.on('heartbeat', (_, socket: Socket) => {
      if (!hostile) return CALM
      hostile = false
      socket.write(bytes)
      return 'silence'
    })
    const timeoutMs = as === RequestTimeoutError ? 100 : 5_000
    const error = await failure(wire.send(1, 'heartbeat', beat(), { timeoutMs }))
    expect([as.name, 'ConnectionError']).toContain(error.name)
    expect(error.message).toMatch(/^Heartbeat to broker 1 /)
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
    expect(broker.connectionCount).toBe(2)
  })

  it(
    'of any bytes',
    async () => {
      const broker = await harness.broker()
      const wire = harness.wire({ brokers: [broker.address] })
      await wire.send('any', 'metadata', NO_TOPICS)
      await fuzzAsync(40, async (chance) => {
        let hostile = true
        broker.on('heartbeat', (_, socket: Socket) => {
          if (!hostile) return CALM
          hostile = false
          for (let i = 1 + chance.below(3); i > 0; i--) socket.write(chance.bytes(1 + chance.below(60)))
          return chance.oneIn(2) ? 'close' : 'silence'
        })
        const error = await failure(wire.send(1, 'heartbeat', beat(), { timeoutMs: 50 }))
        expect(['ConnectionError', 'RequestTimeoutError']).toContain(error.name)
        expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
      })
    },
    FUZZ_TIMEOUT_MS,
  )
})

describe('an address', () => {
  it.each([
    { what: 'a negative port', host: '127.0.0.1', port: -1 },
    { what: 'a port beyond all ports', host: '127.0.0.1', port: 70_000 },
    { what: 'no port', host: '127.0.0.1', port: 0 },
    { what: 'a name that none can be', host: 'a\u0000b c', port: 9092 },
  ])('that is none fails the requests to it, and no others: $what', async ({ host, port }) => {
    const broker = await harness.broker()
    broker.on('metadata', () => ({
      throttleTimeMs: 0,
      brokers: [
        { nodeId: 1, host: '127.0.0.1', port: broker.port, rack: null },
        { nodeId: 2, host, port, rack: null },
      ],
      clusterId: 'c',
      controllerId: 2,
      topics: [],
    }))
    const wire = harness.wire({ brokers: [broker.address] })
    await wire.send('any', 'metadata', NO_TOPICS)
    const error = await failure(wire.send(2, 'heartbeat', beat()))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/^Heartbeat to broker 2 /)
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
  })
})

describe('a client whose broker talks nonsense for a while', () => {
  it('asks again until it is answered', async () => {
    const broker = await harness.broker()
    const topic = { errorCode: 0, name: 't', topicId: 'ab'.repeat(16), isInternal: false, topicAuthorizedOperations: 0 }
    let nonsense = 3
    broker.on('metadata', () => {
      if (nonsense-- > 0) return Buffer.from([0, 0, 0])
      const partition = {
        errorCode: 0,
        leaderId: 1,
        leaderEpoch: 0,
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      }
      return {
        throttleTimeMs: 0,
        brokers: [{ nodeId: 1, host: '127.0.0.1', port: broker.port, rack: null }],
        clusterId: 'c',
        controllerId: 1,
        topics: [{ ...topic, partitions: [{ ...partition, partitionIndex: 0 }] }],
      }
    })
    const context = { clientId: 'test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 5_000 }
    const client = wireClient(harness.factory({ brokers: [broker.address] }), context)

    expect((await client.admin.describeTopics(['t'])).get('t')?.partitionCount).toBe(1)
    expect(nonsense).toBe(-1)
    await client.close()
  })

  it('says after its time-out what came', async () => {
    const broker = await harness.broker()
    broker.on('metadata', () => Buffer.from([0, 0, 0]))
    const context = { clientId: 'test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 200 }
    const client = wireClient(harness.factory({ brokers: [broker.address] }), context)
    const error = await failure(client.admin.describeTopics(['t']))
    expect(error.code).toBe('STREAMS_BROKER_UNAVAILABLE')
    expect(error.message).toMatch(
      /Describing 1 topics did not succeed within 200 ms: .*the answer to Metadata \(version 12\) cannot be read/,
    )
    await client.close()
  })
})
