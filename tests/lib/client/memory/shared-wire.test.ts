// Wires to a cluster in another process: what the contracts do not see, which is mostly how they end.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ConnectionError, RequestTimeoutError, UnknownNodeError } from '../../../../lib/client/errors.ts'
import { memoryCluster, parentCluster, shareCluster } from '../../../../lib/client/memory/index.ts'
import { serveWires } from '../../../../lib/client/memory/shared-cluster.ts'
import { SharedWires } from '../../../../lib/client/memory/shared-wire.ts'
import type { RequestOf } from '../../../../lib/client/protocol/apis.ts'
import type { Wire } from '../../../../lib/client/wire.ts'
import { InvalidConfigError, InvariantError } from '../../../../lib/core/errors.ts'
import { until } from '../../../support/until.ts'
import { pipePair } from './shared-pipe.ts'

const METADATA: RequestOf<'metadata'> = {
  topics: null,
  allowAutoTopicCreation: false,
  includeTopicAuthorizedOperations: false,
}

const HOUR_MS = 3_600_000

function longPoll(wire: Wire): Promise<unknown> {
  return wire.send(1, 'fetch', {
    replicaId: -1,
    maxWaitMs: HOUR_MS,
    minBytes: 1,
    maxBytes: 1 << 20,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        name: 't',
        partitions: [
          { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, logStartOffset: -1, partitionMaxBytes: 1 << 20 },
        ],
      },
    ],
    forgottenTopics: [],
    rackId: '',
  })
}

function shared() {
  const cluster = memoryCluster()
  cluster.createTopic('t')
  const pipe = pipePair()
  serveWires(cluster, pipe.ends[0])
  const asked: string[] = []
  cluster.intercept(({ api, purpose, clientId }) => void asked.push(`${clientId} ${purpose} ${api}`))
  return { cluster, pipe, asked, wires: new SharedWires(pipe.ends[1]) }
}

describe('a wire to a cluster in another process', () => {
  it('is known there by its purpose and its client', async () => {
    const { wires, asked } = shared()
    await wires.open('admin', 'me').send('any', 'metadata', METADATA)
    expect(asked).toEqual(['me admin metadata'])
  })

  it.each([
    {
      what: 'an unknown node',
      send: (wire: Wire) => wire.send(7, 'metadata', METADATA),
      error: UnknownNodeError,
    },
    {
      what: 'a lost connection',
      send: (wire: Wire) => wire.send(1, 'heartbeat', lost),
      error: ConnectionError,
    },
    {
      what: 'no answer in time',
      send: (wire: Wire) => wire.send(1, 'leaveGroup', { groupId: 'g', members: [] }, { timeoutMs: 10 }),
      error: RequestTimeoutError,
    },
    {
      what: 'a bug over there',
      send: (wire: Wire) => wire.send(1, 'endTxn', {} as RequestOf<'endTxn'>),
      error: InvariantError,
    },
  ])('rejects for $what with the same error as beside the cluster', async ({ send, error }) => {
    const { wires, cluster } = shared()
    cluster.intercept(({ api }) => {
      if (api === 'heartbeat') return { dropRequest: 'disconnect' }
      if (api === 'endTxn') {
        return {
          onResponse: () => {
            throw new Error('boom')
          },
        }
      }
      return api === 'leaveGroup' ? { dropRequest: 'silence' } : undefined
    })
    await expect(send(wires.open('group'))).rejects.toThrow(error)
  })

  it('closed, rejects what is under way and whatever comes after, twice over', async () => {
    const { wires, asked } = shared()
    const wire = wires.open('fetch')
    const parked = longPoll(wire)
    parked.catch(() => {})
    await until('the node has the request', () => asked.length === 1)
    await wire.close()
    await wire.close()
    await expect(parked).rejects.toThrow(/fetch has no answer: the wire was closed\. Its outcome is unknown\./)
    await expect(wire.send('any', 'metadata', METADATA)).rejects.toThrow(ConnectionError)
    // Another wire over the same pipe is none of its business.
    await expect(wires.open('admin').send('any', 'metadata', METADATA)).resolves.toBeDefined()
  })

  it('ends with the pipe: what is under way and whatever comes after is rejected', async () => {
    const { wires, pipe, asked } = shared()
    const wire = wires.open('fetch')
    const parked = longPoll(wire)
    parked.catch(() => {})
    await until('the node has the request', () => asked.length === 1)
    pipe.cut()
    await expect(parked).rejects.toThrow(ConnectionError)
    await expect(wire.send('any', 'metadata', METADATA)).rejects.toThrow(/has ended/)
  })

  it('listens no longer than one is open, and again when one is opened', async () => {
    const { wires, pipe, asked } = shared()
    const first = wires.open('admin')
    await first.send('any', 'metadata', METADATA)
    await first.close()
    await expect(wires.open('admin').send('any', 'metadata', METADATA)).resolves.toBeDefined()
    expect(asked).toHaveLength(2)
    pipe.cut()
    await expect(wires.open('admin').send('any', 'metadata', METADATA)).rejects.toThrow(/has ended/)
  })

  it('leaves messages of other kinds alone', async () => {
    const { wires, pipe } = shared()
    const wire = wires.open('admin')
    for (const end of pipe.ends) for (const message of [null, 'text', { report: 1 }]) end.send(message)
    await expect(wire.send('any', 'metadata', METADATA)).resolves.toBeDefined()
  })
})

const lost: RequestOf<'heartbeat'> = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }

describe('a child process on the cluster of its parent', () => {
  const CHILD = join(import.meta.dirname, 'shared-child.ts')

  it('produces there; its connections break when it is killed', async () => {
    const cluster = memoryCluster()
    cluster.createTopic('t')
    let closed = 0
    const counting = {
      open: (...args: Parameters<typeof cluster.open>): Wire => {
        const wire = cluster.open(...args)
        return {
          send: (node, api, request, options) => wire.send(node, api, request, options),
          close: () => {
            closed++
            return wire.close()
          },
        }
      },
    }
    const child = fork(CHILD, { serialization: 'advanced' })
    shareCluster(counting as typeof cluster, child)
    try {
      await until('its record is there', () => cluster.partition('t', 0).logEndOffset === 1)
      expect(cluster.records('t', 0)[0]).toMatchObject({ key: Buffer.from('k'), value: Buffer.from([0, 255]) })
      expect(closed).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
    await once(child, 'exit')
    await until('its wires are closed', () => closed > 0)
  })

  it('ends by itself when its client is closed', async () => {
    const cluster = memoryCluster()
    cluster.createTopic('t')
    const child = fork(CHILD, ['close'], { serialization: 'advanced' })
    shareCluster(cluster, child)
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(cluster.partition('t', 0).logEndOffset).toBe(1)
  })

  it('is refused in a process that has no such parent', () => {
    const { send } = process
    try {
      delete process.send
      expect(() => parentCluster()).toThrow(InvalidConfigError)
    } finally {
      if (send !== undefined) process.send = send
    }
  })
})
