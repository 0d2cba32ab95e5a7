import type { Clock } from '../../core/clock.ts'
import type { ApiName, RequestOf, ResponseOf } from '../protocol/apis.ts'
import { BrokerConfigs } from './broker-configs.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { Placement } from './placement.ts'
import type { ClusterSettings } from './settings.ts'
import { type Topic, Topics } from './topics.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'
import { TransactionMarkers } from './transaction-markers.ts'

/** All that the nodes of a cluster know. They share it: nothing is replicated, and a node only answers for what it leads. */
export class BrokerState {
  readonly settings: ClusterSettings
  readonly clock: Clock
  readonly placement: Placement
  readonly topics: Topics
  readonly brokerConfigs = new BrokerConfigs()
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator

  constructor(settings: ClusterSettings) {
    this.settings = settings
    this.clock = settings.clock
    this.placement = new Placement(settings)
    this.topics = new Topics(settings.clusterId, settings.clock, this.placement)
    this.groups = new GroupCoordinator(settings)
    const markers = new TransactionMarkers(settings, this.placement, this.topics, this.groups)
    this.transactions = new TransactionCoordinator(settings, markers)
  }

  /** Offsets that groups have committed for the topic go with it. */
  deleteTopic(topic: Topic): void {
    this.topics.delete(topic)
    this.groups.dropTopic(topic.name)
  }
}

/** Who sends a request, and to which node. */
export interface Caller {
  readonly node: number
  readonly clientId: string
}

/** Answers a request of one api: now, or later if it has to be parked. Returns how to forget a parked one whose connection broke. */
export type Handler<A extends ApiName> = (
  request: RequestOf<A>,
  caller: Caller,
  respond: (response: ResponseOf<A>) => void,
) => (() => void) | undefined

/** A handler of requests that are never parked. */
export function answer<A extends ApiName>(
  respondTo: (request: RequestOf<A>, caller: Caller) => ResponseOf<A>,
): Handler<A> {
  return (request, caller, respond) => {
    respond(respondTo(request, caller))
    return undefined
  }
}
