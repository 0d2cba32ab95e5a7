import { createRequire } from 'node:module'
import {
  createCluster,
  createConnection,
  type KafkajsBroker,
  type KafkajsCluster,
  type KafkajsConnection,
  KafkajsMismatchError,
  paceReauthentication,
  versionsOf,
} from '../../../../lib/client/kafkajs/kafkajs-internals.ts'

const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }
const address = { host: '127.0.0.1', port: 9092 }
const nothing = () => {}

/** A connection whose request queue is complete. */
const queued = {
  send: nothing,
  processData: nothing,
  requestQueue: { pending: [], scheduleCheckPendingRequests: nothing, maybeThrottle: nothing },
}

describe('what Millrace uses of kafkajs', () => {
  it('is there', async () => {
    const cluster = createCluster({ brokers: ['127.0.0.1:9092'] })
    const { broker, connection } = await createConnection(cluster, address)
    expect(broker.versions).toBeNull()
    expect(connection.requestQueue.pending).toEqual([])
  })

  it.each([
    { field: 'pool.0', pool: {} },
    { field: 'send', pool: { pool: [{}] } },
    { field: 'processData', pool: { pool: [{ send: nothing }] } },
    { field: 'requestQueue.pending', pool: { pool: [{ send: nothing, processData: nothing }] } },
    {
      field: 'requestQueue.scheduleCheckPendingRequests',
      pool: { pool: [{ send: nothing, processData: nothing, requestQueue: { pending: [] } }] },
    },
    { field: 'reauthenticationThreshold', pool: { pool: [queued] } },
    { field: 'sessionLifetime', pool: { pool: [{ ...queued, reauthenticationThreshold: 1 }] } },
  ])('is missed by name: $field', async ({ field, pool }) => {
    const cluster = { connectionPoolBuilder: { build: async () => pool }, brokerPool: {} } as unknown as KafkajsCluster
    const error = await createConnection(cluster, address).catch((failed: unknown) => failed)
    expect(error).toBeInstanceOf(KafkajsMismatchError)
    expect((error as Error).message).toMatch(`kafkajs ${version} has no `)
    expect((error as Error).message).toMatch(`'${field}'`)
  })

  it('is missed by name: versions', () => {
    expect(() => versionsOf({ connect: async () => {}, versions: null } as KafkajsBroker)).toThrow(
      "no object 'versions'",
    )
  })
})

describe('a session is renewed', () => {
  it.each([
    { lifetimeMs: 3_600_000, spareMs: 30_000, why: 'half a minute before a long one ends' },
    { lifetimeMs: 60_000, spareMs: 9_000, why: 'with a seventh of it left' },
    { lifetimeMs: 2_000, spareMs: 300, why: 'in time, though it is shorter than what kafkajs would leave' },
    { lifetimeMs: 1_000, spareMs: -100, why: 'too late, because a broker takes no two in a second' },
  ])('$why: $spareMs of $lifetimeMs ms', ({ lifetimeMs, spareMs }) => {
    const connection = { sessionLifetime: String(lifetimeMs), reauthenticationThreshold: 10_000 }
    paceReauthentication(connection as unknown as KafkajsConnection)
    expect(connection.reauthenticationThreshold).toBe(spareMs)
  })
})
