// Flow: WireFactory → [wire-client] → admin, fetchers, producers, group members.
import { WireAdmin } from './admin.ts'
import type { Client, ClientContext } from './client.ts'
import { ClusterMetadata } from './cluster-metadata.ts'
import { Coordinators } from './coordinators.ts'
import { ClientClosedError } from './errors.ts'
import { WireFetcher } from './fetcher.ts'
import { WireGroupMember } from './group-member.ts'
import { OperationOutages } from './outage.ts'
import { WireProducer } from './producer.ts'
import type { RetryContext } from './retry.ts'
import type { Wire, WireFactory, WirePurpose } from './wire.ts'

/** Producers share this many sets of sockets. A broker serves one request of a connection at a time: one set would queue their transactions. */
const PRODUCE_WIRE_COUNT = 2

interface Closable<A extends readonly unknown[]> {
  close(...how: A): Promise<void>
}

/**
 * Assembles a client over wires. Each purpose opens its own when first used: what a broker parks for one (a fetch, a JoinGroup, the creation of
 * a topic) delays none of the others.
 */
export function wireClient(wires: WireFactory, context: ClientContext): Client {
  const opened = new Map<string, Wire>()
  const closed = new ClientClosedError('The client was closed')
  let closing: Promise<void> | undefined
  const wire = (purpose: WirePurpose, name: string = purpose): Wire => {
    const known = opened.get(name)
    if (known !== undefined) return known
    if (closing !== undefined) throw closed
    const fresh = wires.open(purpose)
    opened.set(name, fresh)
    return fresh
  }
  // Short questions, never parked: metadata, coordinators, committed offsets.
  const control = wire('admin', 'control')
  const own: RetryContext = {
    ...context,
    closed: () => (closing === undefined ? undefined : closed),
    outages: new OperationOutages(context.logger),
  }
  const metadata = new ClusterMetadata(control, own)
  const coordinators = new Coordinators(control, own)
  const parts = { metadata, coordinators, context: own }

  const open = new Set<() => Promise<void>>()
  // A part that was closed by its user must not be remembered: tasks open and close producers for as long as the instance lives.
  function tracked<A extends readonly unknown[], P extends Closable<A>>(part: P, ...atClientClose: A): P {
    const closePart = part.close.bind(part)
    const closeNow = (): Promise<void> => closePart(...atClientClose)
    part.close = (...how: A) => {
      open.delete(closeNow)
      return closePart(...how)
    }
    open.add(closeNow)
    return part
  }
  let producerCount = 0
  let admin: WireAdmin | undefined

  async function close(): Promise<void> {
    await Promise.allSettled([...open].map((closePart) => closePart()))
    await Promise.all([...opened.values()].map((each) => each.close()))
  }

  return {
    get admin() {
      admin ??= new WireAdmin({ ...parts, wire: wire('admin') })
      return admin
    },
    fetcher(options) {
      return tracked(new WireFetcher({ ...parts, wire: wire(options.purpose) }, options))
    },
    producer(options) {
      const name = `produce ${producerCount++ % PRODUCE_WIRE_COUNT}`
      return tracked(new WireProducer({ ...parts, wire: wire('produce', name) }, options))
    },
    groupMember(options) {
      const member = new WireGroupMember({ ...parts, wire: wire('group'), offsetsWire: control }, options)
      return tracked(member, { leaveGroup: false })
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}
