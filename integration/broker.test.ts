// The broker that the other integration tests stand on: it serves clients, survives its nodes, and leaves nothing behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { scheduler } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { type Admin, Kafka, logLevel } from 'kafkajs'

import { describeWithBroker } from './broker/describe.ts'
import { startBroker, type TestBroker } from './broker/index.ts'
import { freePorts } from './broker/ports.ts'

const MAIN = fileURLToPath(new URL('./broker/main.ts', import.meta.url))
const STARTED_WITHIN_MS = 90_000
const ENDED_WITHIN_MS = 10_000

async function withAdmin<T>(bootstrap: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING, retry: { retries: 20 } }).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Whether something accepts connections there: a port that can be bound is free. */
async function isListening(port: number): Promise<boolean> {
  const server = createServer()
  const result = once(server, 'listening').then(
    () => false,
    () => true,
  )
  server.listen(port, '127.0.0.1')
  const listening = await result
  server.close()
  return listening
}

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(ENDED_WITHIN_MS)
  while (!(await holds())) {
    if (deadline.aborted) throw new Error(`${what}: not within ${ENDED_WITHIN_MS} ms`)
    await scheduler.wait(50)
  }
}

function runMain(...args: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface(child.stdout!), 'line')
  return line as string
}

async function output(child: ChildProcess): Promise<{ code: number; stderr: string }> {
  let stderr = ''
  child.stderr!.on('data', (chunk) => {
    stderr += chunk
  })
  const [code] = await once(child, 'close')
  return { code, stderr }
}

describeWithBroker('the broker of the test run', (bootstrap) => {
  it('serves clients', async () => {
    const { brokers } = await withAdmin(bootstrap, (admin) => admin.describeCluster())
    expect(brokers.length).toBeGreaterThan(0)
  })
})

// One broker goes through these in turn: each test finds it running, and the last one closes it.
describeWithBroker('a broker of our own', () => {
  let broker: TestBroker
  beforeAll(async () => {
    broker = await startBroker()
    await withAdmin(broker.bootstrap, (admin) => admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }] }))
  }, STARTED_WITHIN_MS)
  afterAll(() => broker.close())

  it('answers nothing while it is paused', async () => {
    await withAdmin(broker.bootstrap, async (admin) => {
      await broker.nodes[0]!.pause()
      let answered = false
      const answer = admin.describeCluster().then(() => {
        answered = true
      })
      await scheduler.wait(300)
      expect(answered).toBe(false)
      await broker.nodes[0]!.resume()
      await answer
    })
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'keeps its data when a node ends by %s and starts again',
    async (signal) => {
      await broker.nodes[0]!.kill(signal)
      expect(broker.nodes[0]!.running).toBe(false)
      await broker.nodes[0]!.restart()
      expect(await withAdmin(broker.bootstrap, (admin) => admin.listTopics())).toContain('kept')
    },
    STARTED_WITHIN_MS,
  )

  it('leaves neither a process nor a file behind when it is closed, or closed twice', async () => {
    const [node] = broker.nodes
    await broker.close()
    await broker.close()
    expect(await isListening(node!.address.clientPort)).toBe(false)
    expect(existsSync(dirname(node!.logFile))).toBe(false)
  })
})

describeWithBroker('a broker of three nodes', () => {
  it(
    'replicates each topic to all of them, and serves on without one',
    async () => {
      await using broker = await startBroker({ nodes: 3 })
      await withAdmin(broker.bootstrap, async (admin) => {
        await admin.createTopics({ topics: [{ topic: 'three', numPartitions: 3 }] })
        const { topics } = await admin.fetchTopicMetadata({ topics: ['three'] })
        expect(topics[0]!.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3])
      })
      await broker.nodes[0]!.kill('SIGKILL')
      expect(await withAdmin(broker.bootstrap, (admin) => admin.listTopics())).toContain('three')
    },
    STARTED_WITHIN_MS,
  )
})

describeWithBroker('npm run broker', () => {
  let child: ChildProcess | undefined
  afterEach(() => {
    child?.kill('SIGKILL')
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'ends its broker when it ends by %s',
    async (signal) => {
      child = runMain()
      const address = await firstLine(child)
      expect(address).toMatch(/^127\.0\.0\.1:\d+$/)
      const port = Number(address.split(':')[1])
      expect(await isListening(port)).toBe(true)
      child.kill(signal)
      await eventually('the port is free', async () => !(await isListening(port)))
    },
    STARTED_WITHIN_MS,
  )

  it.each([[['--nodes', '2']], [['--port', 'x']], [['--misspelt']]])('refuses %j with its usage', async (args) => {
    const { code, stderr } = await output(runMain(...args))
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Usage: npm run broker') })
  })
})

describeWithBroker('a broker that cannot start', () => {
  it('names a port that is taken', async () => {
    const [port] = await freePorts(1)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await expect(startBroker({ port: port! })).rejects.toMatchObject({
        code: 'BROKER_START',
        message: expect.stringContaining(`Port ${port} of 127.0.0.1 cannot be used`),
      })
      const { code, stderr } = await output(runMain('--port', String(port)))
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`Port ${port}`) })
    } finally {
      server.close()
    }
  })

  it('shows the end of the log of a node that does not start', async () => {
    const properties = { 'num.io.threads': '0' }
    await expect(startBroker({ properties })).rejects.toMatchObject({
      code: 'BROKER_START',
      message: expect.stringContaining('num.io.threads'),
    })
  })
})
