import { createRequire } from 'node:module'
import {
  createCluster,
  createConnection,
  type KafkajsBroker,
  type KafkajsCluster,
  KafkajsMismatchError,
  versionsOf,
} from '../../../../lib/client/kafkajs/kafkajs-internals.ts'

const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }
const address = { host: '127.0.0.1', port: 9092 }
const nothing = () => {}

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
