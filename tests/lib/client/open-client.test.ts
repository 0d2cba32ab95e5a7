import { describe, expect, it } from '@jest/globals'
import type { Client, ClientContext, ClientSupplier } from '../../../lib/client/client.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { memoryCluster, openClient, silentLogger, systemClock } from '../../../lib/index.ts'

describe('openClient', () => {
  it('opens a client on a cluster in memory', async () => {
    const cluster = memoryCluster()
    const client = openClient(cluster)
    await client.admin.createTopics([{ topic: 'flights', partitionCount: 4 }])
    expect([...(await client.admin.listTopics()).keys()]).toEqual(['flights'])
    expect(await client.admin.clusterId()).toBe(cluster.clusterId)
    await client.close()
    await expect(client.admin.listGroups()).rejects.toMatchObject({ code: 'STREAMS_CLIENT_CLOSED' })
  })

  function contextOf(options?: Partial<ClientContext>): ClientContext {
    let seen: ClientContext | undefined
    const supplier: ClientSupplier = {
      connect(context) {
        seen = context
        return {} as Client
      },
    }
    openClient(supplier, options)
    return seen!
  }

  it('has a default for everything, and takes what it is given', () => {
    expect(contextOf()).toEqual({
      clientId: 'millrace',
      clock: systemClock,
      logger: silentLogger,
      requestTimeoutMs: 30_000,
    })
    const given = { clientId: 'mine', clock: new VirtualClock(), logger: { ...silentLogger }, requestTimeoutMs: 500 }
    expect(contextOf(given)).toEqual(given)
    expect(contextOf(given).logger).toBe(given.logger)
  })

  it.each([0, -1, Number.NaN])('refuses a time-out of %d ms', (requestTimeoutMs) => {
    expect(() => contextOf({ requestTimeoutMs })).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG', option: 'requestTimeoutMs' }),
    )
  })
})
