import type { Clock } from '../../core/clock.ts'
import { PartitionLog } from './partition-log.ts'
import type { Placement } from './placement.ts'
import { stableId } from './settings.ts'
import { type LogConfig, logConfig } from './topic-configs.ts'

/** One topic: its id, its partitions, and the configurations that were set. */
export class Topic {
  readonly name: string
  /** 32 hexadecimal digits; a topic deleted and created again has another. */
  readonly id: string
  readonly partitions: PartitionLog[] = []
  #configs: ReadonlyMap<string, string>
  #logConfig: LogConfig

  constructor(name: string, id: string, configs: ReadonlyMap<string, string>) {
    this.name = name
    this.id = id
    this.#configs = configs
    this.#logConfig = logConfig(configs)
  }

  /** Those that differ from the defaults. */
  get configs(): ReadonlyMap<string, string> {
    return this.#configs
  }

  set configs(configs: ReadonlyMap<string, string>) {
    this.#configs = configs
    this.#logConfig = logConfig(configs)
  }

  get logConfig(): LogConfig {
    return this.#logConfig
  }
}

/** The topics of a cluster. Arguments are taken as valid: the request handlers check them. */
export class Topics {
  readonly #clusterId: string
  readonly #clock: Clock
  readonly #placement: Placement
  readonly #topics = new Map<string, Topic>()
  #createdCount = 0

  constructor(clusterId: string, clock: Clock, placement: Placement) {
    this.#clusterId = clusterId
    this.#clock = clock
    this.#placement = placement
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  byId(id: string): Topic | undefined {
    for (const topic of this.#topics.values()) if (topic.id === id) return topic
    return undefined
  }

  all(): readonly Topic[] {
    return [...this.#topics.values()]
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#topics.get(name)?.partitions[partition]
  }

  create(name: string, partitionCount: number, configs: ReadonlyMap<string, string>): Topic {
    const id = stableId(32, this.#clusterId, name, String(this.#createdCount++))
    const topic = new Topic(name, id, configs)
    this.addPartitions(topic, partitionCount)
    this.#topics.set(name, topic)
    return topic
  }

  addPartitions(topic: Topic, partitionCount: number): void {
    for (let partition = topic.partitions.length; partition < partitionCount; partition++) {
      const leader = this.#placement.firstLeader(topic.name, partition)
      topic.partitions.push(new PartitionLog(topic.name, partition, leader, this.#clock, () => topic.logConfig))
    }
  }

  /** Fetches parked on the topic's partitions wake and find it gone. */
  delete(topic: Topic): void {
    this.#topics.delete(topic.name)
    for (const log of topic.partitions) log.changed()
  }
}
