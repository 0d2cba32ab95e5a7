// Flow: KafkaStreams → [instance] → group-member, task-manager, stream-loop
import type { StateDirectory } from '../../stores/state-directory.ts'
import type { OpenTaskDatabase } from '../../stores/task-database.ts'
import type { PhysicalTopology } from '../../topology/physical.ts'
import { changelogTopic, loggedStores } from '../../topology/physical.ts'
import type { Client, ClientSupplier, GroupMember, OffsetCommit, TopicDescription } from '../client/client.ts'
import { BrokerUnavailableError } from '../client/errors.ts'
import type { Timer } from '../core/clock.ts'
import { InvariantError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { identityLoss } from './changelog-loss.ts'
import type { ResolvedConfig } from './config.ts'
import { ChangelogLostError, NotRunningError } from './errors.ts'
import { GlobalStores } from './global-stores.ts'
import { isPurged } from './internal-topic-configs.ts'
import { prepareTopics } from './internal-topics.ts'
import { requireOffsetsOfState } from './lost-offsets-at-start.ts'
import type { Metrics } from './metrics.ts'
import { SinkTopics } from './record-collector.ts'
import { RecordPurger } from './record-purger.ts'
import type { RestoreListener } from './restore-progress.ts'
import { Restorer } from './restorer.ts'
import { startSerdes } from './start-serdes.ts'
import { StreamLoop } from './stream-loop.ts'
import { StreamsAssignor } from './streams-assignor.ts'
import { TaskFactory } from './task-factory.ts'
import { TaskManager } from './task-manager.ts'
import type { TopicPlan } from './topic-plan.ts'

export interface InstanceOptions {
  readonly config: ResolvedConfig
  readonly topology: PhysicalTopology
  readonly supplier: ClientSupplier
  readonly directory: StateDirectory
  readonly openDatabase: OpenTaskDatabase
  readonly openMemoryDatabase: OpenTaskDatabase
  readonly metrics: Metrics
  readonly logger: Logger
  readonly restores: RestoreListener
  /** Tasks were assigned, started or stopped: `running` may have changed. */
  readonly onChange: () => void
  readonly onFatal: (error: unknown) => void
}

/** The moving parts of one running instance, from connecting to closing. */
export class Instance {
  readonly #options: InstanceOptions
  readonly #client: Client
  #plan: TopicPlan | undefined
  /** Made by this start, or by another instance at the same time. */
  readonly #newChangelogs = new Set<string>()
  #knownChangelogIds: ReadonlyMap<string, { topicId: string; clusterId: string }> = new Map()
  #manager: TaskManager | undefined
  #loop: StreamLoop | undefined
  #member: GroupMember | undefined
  #restorer: Restorer | undefined
  #globalStores: GlobalStores | undefined
  #purger: RecordPurger | undefined
  #metadataTimer: Timer | undefined
  #assigned = false
  #closing = false

  constructor(options: InstanceOptions) {
    this.#options = options
    const { config, supplier, logger } = options
    this.#client = supplier.connect({
      clientId: config.clientId,
      clock: config.clock,
      logger,
      requestTimeoutMs: config.requestTimeoutMs,
    })
  }

  /** Whether the group has given out its tasks and all of ours take records. */
  get running(): boolean {
    return this.#assigned && this.#manager?.allRunning === true
  }

  /** Resolves once the group has assigned tasks; they may still be restoring. */
  async start(): Promise<void> {
    const { config, topology, metrics, logger, restores, onChange, onFatal } = this.#options
    this.#plan = await this.#prepare()
    const changelogIds = await this.#changelogIds()
    this.#knownChangelogIds = changelogIds
    await startSerdes(topology, config.applicationId)
    this.#throwIfClosing()
    await this.#startGlobalStores()
    const { admin } = this.#client
    this.#purger = new RecordPurger({
      admin,
      clock: config.clock,
      logger,
      intervalMs: config.repartitionPurgeIntervalMs,
      repartitionTopics: new Set(this.#plan.repartitionTopics.keys()),
      expiredChangelogs: topology.subtopologies.flatMap(loggedStores).some((store) => isPurged(store, config))
        ? () => this.#manager?.tasks.flatMap(({ expiredChangelogs }) => expiredChangelogs) ?? []
        : undefined,
    })
    this.#restorer = new Restorer({
      client: this.#client,
      clock: config.clock,
      metrics,
      logger,
      changelogIds,
      newChangelogs: this.#newChangelogs,
      uncommittedBytes: config.uncommittedBytes,
      listener: restores,
    })
    const groupInstanceId =
      config.groupInstanceId === undefined ? this.#options.directory.instanceId : config.groupInstanceId
    // Dynamic members have a name on disk all the same.
    const instanceId = groupInstanceId ?? this.#options.directory.instanceId
    const assignor = new StreamsAssignor({
      topology,
      applicationId: config.applicationId,
      plan: () => this.#prepare(),
      storedTasks: () => this.#options.directory.taskDirectories(),
      ...(config.transactionScope === 'instance' ? { instanceId } : {}),
    })
    const manager = new TaskManager({
      config,
      client: this.#client,
      factory: this.#factory(),
      assignor,
      restorer: this.#restorer,
      metrics,
      logger,
      instanceId,
      member: () => this.#requireMember(),
      changelogIds,
      onCommitted: (offsets: readonly OffsetCommit[]) => this.#purger?.onCommitted(offsets),
      onChange: () => {
        this.#loop?.wake()
        onChange()
      },
      onFatal,
    })
    this.#manager = manager
    this.#loop = new StreamLoop({ manager, config, clock: config.clock, metrics, logger, onFatal })
    this.#member = this.#client.groupMember({
      groupId: config.applicationId,
      ...(groupInstanceId === null ? {} : { instanceId: groupInstanceId }),
      sessionTimeoutMs: config.sessionTimeoutMs,
      rebalanceTimeoutMs: config.rebalanceTimeoutMs,
      assignor,
      listener: {
        onRevoked: (partitions) => manager.onRevoked(partitions),
        onAssigned: async (assigned) => {
          // The group does not know yet that we are leaving.
          if (this.#closing) return
          await manager.onAssigned(assigned)
          this.#assigned = true
          onChange()
        },
        onLost: (partitions) => manager.onLost(partitions),
        onFatal: (error) => manager.onFatal(error),
      },
    })
    await requireOffsetsOfState({
      admin,
      member: this.#member,
      applicationId: config.applicationId,
      topology,
      directory: this.#options.directory,
      openDatabase: this.#options.openDatabase,
    })
    this.#throwIfClosing()
    this.#loop.start()
    if (topology.subtopologies.length > 0) {
      await this.#member.start()
    } else {
      // Only global stores: nothing to be shared with a group.
      this.#assigned = true
      onChange()
    }
    this.#throwIfClosing()
    this.#purger.start()
    this.#watchTopics()
  }

  /**
   * `commit` ends cleanly and leaves the group; `drop` only lets go of everything. What the cluster has to answer for that is waited for as long
   * as a request may take.
   */
  async close(uncommitted: 'commit' | 'drop'): Promise<void> {
    const { config } = this.#options
    this.#closing = true
    this.#metadataTimer?.cancel()
    // A closed client answers everything, with an error. What the last commit held is read again by the next owner.
    const patience = config.clock.setTimer(config.requestTimeoutMs, () => {
      this.#options.logger.warn({}, 'the last commit could not be finished in time: leaving without it')
      void this.#client.close()
    })
    try {
      // What is to end takes no further record while the purger waits for an answer.
      await Promise.all([this.#loop?.stop(), this.#purger?.stop()])
      await this.#manager?.close(uncommitted)
    } finally {
      patience.cancel()
      // After an error the partitions stay reserved for this instance until the session times out: it may be restarted at once.
      await this.#member?.close({ leaveGroup: uncommitted === 'commit' })
      await this.#restorer?.close()
      await this.#globalStores?.close()
      await this.#client.close()
    }
  }

  // ---- inside

  // close() finds only what was made before it.
  #throwIfClosing(): void {
    if (this.#closing) throw new NotRunningError('the instance was closed before it was running')
  }

  async #prepare(): Promise<TopicPlan> {
    const { config, topology } = this.#options
    this.#plan = await prepareTopics(this.#client.admin, {
      topology,
      config,
      examine: (found) => this.#requireChangelogs(found),
    })
    return this.#plan
  }

  async #changelogIds(): Promise<ReadonlyMap<string, { topicId: string; clusterId: string }>> {
    const clusterId = await this.#client.admin.clusterId()
    const { changelogTopics, sourceChangelogs } = this.#plan!
    const found = await this.#client.admin.describeTopics([...changelogTopics.keys(), ...sourceChangelogs])
    return new Map([...found].map(([topic, { topicId }]) => [topic, { topicId, clusterId }]))
  }

  // A changelog that is made anew under a running instance would hold only what comes from then on.
  #requireChangelogs(found: ReadonlyMap<string, TopicDescription>): void {
    const { topology, config, directory } = this.#options
    for (const { name } of topology.subtopologies.flatMap(loggedStores)) {
      const topic = changelogTopic(name, config.applicationId)
      const before = this.#knownChangelogIds.get(topic)
      const now = found.get(topic)
      if (before === undefined) {
        if (now === undefined) this.#newChangelogs.add(topic)
        continue
      }
      const lost = identityLoss(before, now && { topicId: now.topicId, clusterId: before.clusterId })
      if (lost !== undefined) throw new ChangelogLostError(name, { topic }, lost, directory.path)
    }
  }

  #factory(): TaskFactory {
    const { config, topology, metrics, logger, directory, openDatabase, openMemoryDatabase } = this.#options
    return new TaskFactory({
      config,
      topology,
      metrics,
      logger,
      sinkTopics: new SinkTopics(this.#client.admin, this.#plan!.repartitionTopics),
      taskDirectory: (name) => directory.taskDirectory(name),
      openDatabase,
      openMemoryDatabase,
      globalStore: (name) => this.#globalStores?.store(name),
      onWake: () => this.#loop?.wake(),
      onFailure: (task, error) => this.#manager?.taskFailed(task, error),
    })
  }

  // Their readers may start with the first task.
  async #startGlobalStores(): Promise<void> {
    const { config, topology, directory, openDatabase, openMemoryDatabase } = this.#options
    const { metrics, logger, restores, onFatal } = this.#options
    if (topology.globalStores.length === 0) return
    this.#globalStores = new GlobalStores({
      config,
      topology,
      client: this.#client,
      directory,
      openDatabase,
      openMemoryDatabase,
      metrics,
      logger,
      restores,
      onFatal,
    })
    await this.#globalStores.start(this.#plan!.globalPartitions)
    this.#throwIfClosing()
  }

  // New partitions of a source: stateless parts get new tasks; where state was spread over the old count, planning fails by name.
  #watchTopics(): void {
    const { clock, metadataMaxAgeMs } = this.#options.config
    this.#metadataTimer = clock.setTimer(metadataMaxAgeMs, () => {
      void this.#checkTopics().then(() => {
        if (!this.#closing) this.#watchTopics()
      })
    })
  }

  async #checkTopics(): Promise<void> {
    const before = [...this.#plan!.sourcePartitions].join()
    try {
      const now = await this.#prepare()
      this.#globalStores?.partitionsCounted(now.globalPartitions)
      if ([...now.sourcePartitions].join() !== before)
        this.#requireMember().rejoin('the partition counts of source topics have changed')
    } catch (error) {
      if (this.#closing) return
      // A cluster that cannot be asked right now is no reason to stop; topics that no longer fit are.
      if (error instanceof BrokerUnavailableError)
        this.#options.logger.warn({ cause: error.message }, 'topics could not be checked')
      else this.#options.onFatal(error)
    }
  }

  #requireMember(): GroupMember {
    if (this.#member === undefined) throw new InvariantError('the group is not there before start()')
    return this.#member
  }
}
