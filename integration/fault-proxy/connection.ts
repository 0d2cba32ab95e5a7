// One client's connection and the one to the broker that stands for it.
import type { Socket } from 'node:net'
import { FrameSplitter, type RequestHeader, requestHeader, responseCorrelationId } from './frames.ts'
import type { Line } from './line.ts'
import type { Rule } from './rule.ts'

export interface ConnectionParts {
  readonly client: Socket
  readonly broker: Socket
  readonly toBroker: Line
  readonly toClient: Line
  /** Told of each request; returns what is to happen to it. */
  readonly onRequest: (header: RequestHeader) => Rule | undefined
  readonly onCut: () => void
  readonly onClose: () => void
}

export class ProxiedConnection {
  readonly #parts: ConnectionParts
  /** Requests whose answer a rule waits for, by correlation id. */
  readonly #awaited = new Map<number, Rule>()
  readonly #open: Set<Socket>
  #isCut = false

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    const { client, broker, toBroker, toClient } = parts
    this.#open = new Set([client, broker])
    this.#follow(client, toBroker, (frame) => this.#request(frame))
    this.#follow(broker, toClient, (frame) => this.#response(frame))
  }

  /** Ends both sides at once; what was on its way is lost. */
  cut(how: 'fin' | 'reset' = 'reset'): void {
    if (this.#isCut) return
    this.#isCut = true
    const { client, broker, toBroker, toClient, onCut } = this.#parts
    onCut()
    toBroker.close()
    toClient.close()
    for (const socket of [client, broker]) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroySoon()
    }
  }

  /** Tells one side that nothing more will come; the other may go on sending. */
  halfClose(towards: 'client' | 'broker'): void {
    this.#parts[towards].end()
  }

  #follow(from: Socket, line: Line, onFrame: (frame: Buffer) => void): void {
    const splitter = new FrameSplitter()
    let failed = false
    from.on('data', (chunk: Buffer) => {
      try {
        for (const frame of splitter.push(chunk)) onFrame(frame)
      } catch {
        this.cut()
      }
    })
    // What was sent before the end still arrives before it, however late.
    from.on('end', () => line.send('fin'))
    from.on('error', () => {
      failed = true
    })
    from.on('close', () => {
      line.send(failed ? 'reset' : 'fin')
      this.#open.delete(from)
      if (this.#open.size === 0) this.#parts.onClose()
    })
  }

  #request(frame: Buffer): void {
    const header = requestHeader(frame)
    const rule = this.#parts.onRequest(header)
    if (rule === undefined) {
      this.#parts.toBroker.send(frame)
      return
    }
    if (rule.fate === 'lose-request' || rule.fate === 'swallow-request') {
      rule.acted++
      if (rule.fate === 'lose-request') this.cut()
      return
    }
    this.#awaited.set(header.correlationId, rule)
    this.#parts.toBroker.send(frame)
  }

  #response(frame: Buffer): void {
    const { toClient, onCut } = this.#parts
    const correlationId = responseCorrelationId(frame)
    const rule = this.#awaited.get(correlationId)
    if (rule === undefined) {
      toClient.send(frame)
      return
    }
    this.#awaited.delete(correlationId)
    rule.acted++
    const { fate } = rule
    if (fate === 'lose-response') this.cut()
    else if (typeof fate === 'object' && 'delayResponseMs' in fate) toClient.send(frame, fate.delayResponseMs)
    else if (typeof fate === 'object') {
      onCut()
      toClient.send(frame.subarray(0, fate.cutResponseAfterBytes))
      toClient.send('reset')
    }
  }
}
