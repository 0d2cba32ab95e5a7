// Three nodes that a test takes down, and what it has to know about them: who leads what, who coordinates whom.
import type { Client } from '../../lib/client/client.ts'
import { kafkaWires } from '../../lib/client/kafkajs/index.ts'
import type { ResponseOf } from '../../lib/client/protocol/apis.ts'
import type { Wire } from '../../lib/client/wire.ts'
import { wireClient } from '../../lib/client/wire-client.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { contextFor } from '../../tests/contracts/client/harness.ts'
import { withoutFeatures } from '../../tests/contracts/client/transaction-versions.ts'
import { LogLines } from '../../tests/lib/client/log-lines.ts'
import { type BrokerOptions, startBroker, type TestBroker, type TestNode } from '../broker/index.ts'
import type { NodeAddress } from '../broker/server-properties.ts'
import { freshName, until } from './cluster.ts'
import { InterceptedWires } from './intercepted-wires.ts'

const NODE_COUNT = 3
const KEY_TYPES = { group: 0, transaction: 1 } as const
/** A question about the cluster's state: those who ask it ask again. */
const LOOK_TIMEOUT_MS = 2_000
const RECOVERY_MS = 60_000

/** A client of a test, with what its wires and its log have seen. */
export interface ObservedClient {
  readonly client: Client
  readonly wires: InterceptedWires
  readonly log: LogLines
}

type Partition = ResponseOf<'metadata'>['topics'][number]['partitions'][number]

export class FailoverCluster {
  readonly broker: TestBroker
  readonly #looker: Wire
  readonly #own: Client
  readonly #clients: Client[] = []

  private constructor(broker: TestBroker) {
    this.broker = broker
    const context = contextFor('looker', 30_000)
    const wires = kafkaWires({ brokers: broker.bootstrap.split(',') }, context)
    this.#looker = wires.open('admin')
    this.#own = wireClient(wires, context)
  }

  /** Leaders return to their first node within a second or two of its return, so that each test finds them spread evenly. */
  static async start(options: Pick<BrokerOptions, 'listeners' | 'properties'> = {}): Promise<FailoverCluster> {
    const own = {
      'leader.imbalance.check.interval.seconds': '1',
      'leader.imbalance.per.broker.percentage': '0',
      // How long a broker waits for a controller that stands still, before it looks for another: 30 s by default.
      'controller.socket.timeout.ms': '2000',
    }
    const { listeners = [], properties = {} } = options
    const ofNode = (node: NodeAddress) => (typeof properties === 'function' ? properties(node) : properties)
    const all = { listeners, properties: (node: NodeAddress) => ({ ...own, ...ofNode(node) }) }
    return new FailoverCluster(await startBroker({ nodes: NODE_COUNT, ...all }))
  }

  get bootstrap(): readonly string[] {
    return this.broker.bootstrap.split(',')
  }

  node(id: number): TestNode {
    return this.broker.nodes.find(({ address }) => address.nodeId === id)!
  }

  address(id: number): string {
    return `127.0.0.1:${this.node(id).address.clientPort}`
  }

  /** Opens a client; `close` closes it too. */
  client(
    name: string,
    { requestTimeoutMs = 40_000, brokers = this.bootstrap, transactionVersion = 2 } = {},
  ): ObservedClient {
    const log = new LogLines()
    const context = { ...contextFor(name, requestTimeoutMs), logger: log }
    const plain = kafkaWires({ brokers }, context)
    const wires = new InterceptedWires(transactionVersion === 2 ? plain : withoutFeatures(plain))
    const client = wireClient(wires, context)
    this.#clients.push(client)
    return { client, wires, log }
  }

  /** Makes a topic with a fresh name and, on each node, the leader of one partition. */
  async topic(configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = freshName('failover')
    await this.#own.admin.createTopics([
      { topic, partitionCount: NODE_COUNT, configs: { 'retention.ms': '-1', ...configs } },
    ])
    // A node that is asked for a topic which it has not heard of says that there is none.
    await until(`the nodes know ${topic}`, async () => (await this.#answers(topic)).every(({ length }) => length > 0))
    return topic
  }

  /** The node that leads a partition, by whoever knows the latest; -1: none. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    return (await this.#partitions(topic))[partition]!.leaderId
  }

  async partitionLedBy(node: number, topic: string): Promise<number> {
    const found = (await this.#partitions(topic)).find(({ leaderId }) => leaderId === node)
    if (found === undefined) throw new Error(`node ${node} leads no partition of ${topic}`)
    return found.partitionIndex
  }

  async coordinatorOf(type: keyof typeof KEY_TYPES, key: string): Promise<number> {
    let nodeId = -1
    await until(`${type} '${key}' has a coordinator`, async () => {
      const request = { key, keyType: KEY_TYPES[type] }
      const answer = await this.#looker.send('any', 'findCoordinator', request, { timeoutMs: LOOK_TIMEOUT_MS })
      nodeId = answer.errorCode === 0 ? answer.nodeId : -1
      return nodeId >= 0
    })
    return nodeId
  }

  /** Names of groups or transactional ids that a node coordinates. */
  async coordinatedBy(node: number, type: keyof typeof KEY_TYPES, nameCount: number): Promise<string[]> {
    const names: string[] = []
    while (names.length < nameCount) {
      const name = freshName(type)
      if ((await this.coordinatorOf(type, name)) === node) names.push(name)
    }
    return names
  }

  /** Waits until another node leads; resolves with it. */
  async movedFrom(node: number, topic: string, partition: number): Promise<number> {
    let leader = node
    await until(
      `${topic}-${partition} is led by another node than ${node}`,
      async () => {
        leader = await this.leaderOf(topic, partition).catch(() => node)
        return leader !== node && leader >= 0
      },
      RECOVERY_MS,
    )
    return leader
  }

  /** Waits until every replica of a topic is in sync and the leaders are back on a node each. */
  async healed(topic: string): Promise<void> {
    await until(
      `${topic} has all its replicas, and leaders on all nodes`,
      async () => {
        const partitions = await this.#partitions(topic).catch(() => [])
        const inSync = partitions.every(({ isrNodes }) => isrNodes.length === NODE_COUNT)
        return inSync && new Set(partitions.map(({ leaderId }) => leaderId)).size === NODE_COUNT
      },
      RECOVERY_MS,
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.broker.nodes.map((node) => node.resume().catch(() => {})))
    await Promise.all([this.#own, ...this.#clients].map((each) => each.close()))
    await this.#looker.close()
    await this.broker.close()
  }

  // Each node that answers is asked: one that was away may not know better.
  async #partitions(topic: string): Promise<readonly Partition[]> {
    const latest = new Map<number, Partition>()
    for (const each of (await this.#answers(topic)).flat()) {
      if (each.leaderEpoch >= (latest.get(each.partitionIndex)?.leaderEpoch ?? -1))
        latest.set(each.partitionIndex, each)
    }
    if (latest.size === 0) throw new Error(`no node tells about ${topic}`)
    return [...latest.values()].sort((a, b) => a.partitionIndex - b.partitionIndex)
  }

  /** What each node that answers knows of a topic. */
  async #answers(topic: string): Promise<readonly (readonly Partition[])[]> {
    const request = {
      topics: [{ topicId: '0'.repeat(32), name: topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    }
    const running = this.broker.nodes.filter((node) => node.running)
    const answers = await Promise.allSettled(
      running.map(({ address }) =>
        this.#looker.send(address.nodeId, 'metadata', request, { timeoutMs: LOOK_TIMEOUT_MS }),
      ),
    )
    return answers.flatMap((answer) => (answer.status === 'rejected' ? [] : [answer.value.topics[0]?.partitions ?? []]))
  }
}

/** How long recoveries took: measured, not asserted. MILLRACE_TIMES=1 prints it. */
export class Stopwatch {
  readonly #startMs = systemClock.monotonicMs()
  readonly #laps: string[] = []

  lap(what: string): void {
    this.#laps.push(`${what} after ${Math.round(systemClock.monotonicMs() - this.#startMs)} ms`)
  }

  report(of: string, ...clients: readonly Omit<ObservedClient, 'client'>[]): void {
    if (!process.env.MILLRACE_TIMES) return
    const lines = clients.flatMap(({ wires, log }) => [
      [...wires.answered, ...wires.unanswered].map(([what, count]) => `${what} ${count}x`).join(', '),
      ...log.lines,
    ])
    process.stderr.write(`${of}: ${this.#laps.join(', ')}\n${lines.map((line) => `  ${line}\n`).join('')}`)
  }
}
