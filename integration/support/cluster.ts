// What the integration tests do to the broker besides running Millrace on it.
import type { Client, GroupMember } from '../../lib/client/client.ts'
import { kafkaCluster } from '../../lib/client/kafkajs/index.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/log.ts'
import { type ConsumedRecord, NO_HEADERS, partitionKey } from '../../lib/core/record.ts'

const POLL_MS = 20

/** Checks a condition again and again until it holds; fails, saying for what it waited, after `limitMs`. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, limitMs = 60_000): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + limitMs
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await sleep(systemClock, POLL_MS)
  }
}

let names = 0

/** A name that no other test, and no earlier run, has used. */
export function freshName(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${names++}`
}

/** A record, and the partition that it was read from. */
export type ReadRecord = ConsumedRecord & { readonly partition: number }

/** The broker under test, with a client of the test's own. */
export class TestCluster {
  readonly brokers: string
  readonly client: Client
  readonly #members = new Map<string, GroupMember>()

  constructor(brokers: string = requireBrokers()) {
    this.brokers = brokers
    const context = { clientId: 'integration-test', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 }
    this.client = kafkaCluster({ brokers: brokers.split(',') }).connect(context)
  }

  async close(): Promise<void> {
    await this.client.close()
  }

  async createTopic(partitionCount: number, prefix = 'topic'): Promise<string> {
    const topic = freshName(prefix)
    await this.client.admin.createTopics([
      { topic, partitionCount, replicationFactor: 1, configs: { 'retention.ms': '-1' } },
    ])
    return topic
  }

  /**
   * Every record of a topic, as a reader of committed transactions sees it; by partition, then offset. Waits for transactions that are still
   * ending: their offsets can show in the group before their markers are in the topic.
   */
  async readCommitted(topic: string): Promise<readonly ReadRecord[]> {
    const partitions = await this.#partitions(topic)
    const { admin } = this.client
    const starts = await admin.offsets(partitions, 'earliest', 'read_committed')
    let ends: ReadonlyMap<string, number> = new Map()
    await until(`no transaction is open in ${topic}`, async () => {
      const logEnds = await admin.offsets(partitions, 'latest', 'read_uncommitted')
      ends = await admin.offsets(partitions, 'latest', 'read_committed')
      return [...logEnds].every(([key, end]) => ends.get(key)! >= end)
    })
    let ready = () => {}
    const fetcher = this.client.fetcher({ isolation: 'read_committed', purpose: 'restore', onReady: () => ready() })
    const records: ReadRecord[] = []
    try {
      for (const { partition } of partitions) {
        const key = partitionKey(topic, partition)
        const fetched = fetcher.add({ topic, partition }, starts.get(key)!)
        while (fetched.position < ends.get(key)!) {
          const record = fetched.next()
          if (record !== undefined) records.push({ ...record, partition })
          else if (fetched.position < ends.get(key)!) {
            let isReady = false
            ready = () => {
              isReady = true
            }
            await until(`more of ${key} than offset ${fetched.position}`, () => isReady)
          }
        }
      }
    } finally {
      await fetcher.close()
    }
    return records
  }

  /** How far a group has committed each partition of a topic, and where the partitions end; in partition order. */
  async progress(group: string, topic: string): Promise<{ committed: readonly number[]; ends: readonly number[] }> {
    const partitions = await this.#partitions(topic)
    const committed = await this.#memberOf(group).committed(partitions)
    const ends = await this.client.admin.offsets(partitions, 'latest', 'read_uncommitted')
    return {
      committed: partitions.map(({ partition }) => committed.get(partitionKey(topic, partition))?.offset ?? -1),
      ends: partitions.map(({ partition }) => ends.get(partitionKey(topic, partition))!),
    }
  }

  /** Waits until the group's committed offsets reach the ends of these topics, and stay there for a few looks. */
  async caughtUp(group: string, topics: readonly string[], limitMs = 90_000): Promise<void> {
    await until(
      `${topics.join(', ')} exist`,
      async () => (await this.client.admin.describeTopics(topics)).size === topics.length,
      limitMs,
    )
    let stable = 0
    await until(
      `group ${group} reaches the ends of ${topics.join(', ')}`,
      async () => {
        let all = true
        for (const topic of topics) {
          const { committed, ends } = await this.progress(group, topic)
          // A partition that was never written has nothing to commit.
          all &&= ends.every((end, i) => committed[i] === end || (end === 0 && committed[i]! <= 0))
        }
        stable = all ? stable + 1 : 0
        return stable >= 5
      },
      limitMs,
    )
  }

  /** Produces lines with null keys, spread over the partitions in runs; resolves when they are acknowledged. */
  async produceLines(topic: string, lines: readonly string[]): Promise<void> {
    const partitions = await this.#partitions(topic)
    const producer = this.client.producer({})
    await producer.init()
    lines.forEach((line, i) => {
      producer.send(
        topic,
        Math.floor(i / 100) % partitions.length,
        null,
        Buffer.from(line),
        systemClock.now(),
        NO_HEADERS,
      )
    })
    await producer.flush()
    await producer.close()
  }

  // One that never joins: it only asks for the group's offsets.
  #memberOf(group: string): GroupMember {
    let member = this.#members.get(group)
    if (member === undefined) {
      const noGroup = () => {
        throw new Error('this member joins no group')
      }
      member = this.client.groupMember({
        groupId: group,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        assignor: { name: 'none', subscription: noGroup, assign: noGroup },
        listener: { onRevoked: noGroup, onAssigned: noGroup, onLost: noGroup, onFatal: noGroup },
      })
      this.#members.set(group, member)
    }
    return member
  }

  async #partitions(topic: string): Promise<readonly { topic: string; partition: number }[]> {
    const found = (await this.client.admin.describeTopics([topic])).get(topic)
    if (found === undefined) throw new Error(`no topic ${topic}`)
    return Array.from({ length: found.partitionCount }, (_, partition) => ({ topic, partition }))
  }
}

function requireBrokers(): string {
  const brokers = process.env.MILLRACE_BROKERS
  if (brokers === undefined) throw new Error('MILLRACE_BROKERS is not set: see integration/broker')
  return brokers
}
