/** A listener of each node beside those that every test broker has: one with TLS or SASL. */
export interface ListenerOptions {
  /** Letters and digits: TLS, SASL2. */
  readonly name: string
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /** Kafka's properties of this listener alone, without the prefix `listener.name.NAME.`: `ssl.client.auth`. */
  readonly properties?: Properties
}

/** Where one node listens. Clients, the other nodes and the controllers have a port each. */
export interface NodeAddress {
  readonly nodeId: number
  /** Address that the listeners bind to: 127.0.0.1, or 0.0.0.0 inside a container whose port is published on 127.0.0.1. */
  readonly bindHost: string
  /** Host by which the other nodes reach this one. */
  readonly peerHost: string
  readonly clientPort: number
  readonly peerPort: number
  readonly controllerPort: number
  /** Client ports of further listeners. */
  readonly listeners?: readonly (ListenerOptions & { readonly port: number })[]
}

export type Properties = Readonly<Record<string, string>>

/** Properties that are the same for every node, or made for each. */
export type NodeProperties = Properties | ((node: NodeAddress) => Properties)

/**
 * The configuration of one combined controller and broker of a cluster made of `nodes`. `extra` wins over everything here.
 *
 * Set for tests: groups form at once, sessions may be short, timed-out transactions are aborted within half a second, a
 * killed node is missed within seconds, and the internal topics are small, so that the first commit does not wait for fifty partitions to be made.
 */
export function serverProperties(
  node: NodeAddress,
  nodes: readonly NodeAddress[],
  dataFolder: string,
  extra: NodeProperties,
): Record<string, string> {
  const replicas = String(nodes.length)
  const inSyncReplicas = nodes.length > 1 ? '2' : '1'
  const { bindHost, clientPort, peerPort, controllerPort, listeners = [] } = node
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.nodeId),
    listeners: [
      `CLIENT://${bindHost}:${clientPort}`,
      `PEER://${bindHost}:${peerPort}`,
      `CONTROLLER://${bindHost}:${controllerPort}`,
      ...listeners.map(({ name, port }) => `${name}://${bindHost}:${port}`),
    ].join(),
    'advertised.listeners': advertisedListeners(node, clientPort),
    'listener.security.protocol.map': [
      'CLIENT:PLAINTEXT,PEER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      ...listeners.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(),
    ...Object.fromEntries(listeners.flatMap(ofListener)),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PEER',
    'controller.quorum.voters': nodes
      .map(({ nodeId, peerHost, controllerPort }) => `${nodeId}@${peerHost}:${controllerPort}`)
      .join(','),
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSyncReplicas,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSyncReplicas,
    'transaction.state.log.num.partitions': '5',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSyncReplicas,
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '500',
    // A killed node may register again, and its partitions find another leader, when its session has ended: 9 s by default.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    // 128 MiB by default, which is much of a small heap.
    'log.cleaner.dedupe.buffer.size': '16777216',
    ...(typeof extra === 'function' ? extra(node) : extra),
  }
}

function ofListener({ name, properties = {} }: ListenerOptions): readonly (readonly [string, string])[] {
  return Object.entries(properties).map(([key, value]) => [`listener.name.${name.toLowerCase()}.${key}`, value])
}

/** What a node tells its clients and peers to connect to; `clientPort` may be that of a proxy in front of it. */
export function advertisedListeners(
  { peerHost, peerPort, controllerPort, listeners = [] }: NodeAddress,
  clientPort: number,
): string {
  return [
    `CLIENT://127.0.0.1:${clientPort}`,
    `PEER://${peerHost}:${peerPort}`,
    `CONTROLLER://${peerHost}:${controllerPort}`,
    ...listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
  ].join()
}

/** The text of a `server.properties` file. */
export function propertiesText(properties: Properties): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${escapedValue(value)}\n`)
    .join('')
}

/** A value as it stands in a properties file, which is in Latin-1 with backslash escapes: certificates have lines, passwords any character. */
export function escapedValue(value: string): string {
  return value.replace(/[^\x20-\x5b\x5d-\x7e]/g, unicodeEscape)
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
