// Flow: another process's client → shared-wire → messages → [shared-cluster] → memory wire → nodes.
import type { ChildProcess } from 'node:child_process'
import type { Wire } from '../wire.ts'
import type { MemoryCluster } from './memory-cluster.ts'
import { failureOf, type MessagePipe, processPipe, unwrapped, type WireRequest, wrapped } from './shared-messages.ts'

/**
 * Lets a forked process use the cluster in memory of this one, so that several instances can be real processes, which can be killed, without
 * a broker. The other side is `parentCluster()`. When the child ends, however it ends, its connections break: requests under way may or may not
 * have taken effect, as with a real broker.
 *
 * @param child - Forked with `serialization: 'advanced'`. Its messages of other kinds are left alone.
 * @example
 * const cluster = memoryCluster()
 * const child = fork('./instance.ts', { serialization: 'advanced' })
 * shareCluster(cluster, child)
 * child.kill('SIGKILL')
 */
export function shareCluster(cluster: MemoryCluster, child: ChildProcess): void {
  serveWires(cluster, processPipe(child))
}

/** Opens, uses and closes wires as the messages of a pipe say. */
export function serveWires(cluster: Pick<MemoryCluster, 'open'>, pipe: MessagePipe): void {
  const wires = new Map<number, Wire>()
  const answer = async (wire: Wire, { call, node, api, request, options }: WireRequest & { do: 'send' }) => {
    try {
      pipe.send(wrapped({ call, response: await wire.send(node, api, request, options) }))
    } catch (error) {
      pipe.send(wrapped(failureOf(call, error)))
    }
  }
  const onMessage = (message: unknown) => {
    const asked = unwrapped<WireRequest>(message)
    if (asked === undefined) return
    if (asked.do === 'open') wires.set(asked.wire, cluster.open(asked.purpose, asked.clientId))
    else if (asked.do === 'send') void answer(wires.get(asked.wire)!, asked)
    else {
      void wires.get(asked.wire)?.close()
      wires.delete(asked.wire)
    }
  }
  const stopListening = pipe.listen(onMessage, () => {
    stopListening()
    for (const wire of wires.values()) void wire.close()
    wires.clear()
  })
}
