// One direction of one connection: what goes in comes out in order, as late, as slowly and as incompletely as the conditions say.
import type { Socket } from 'node:net'
import { systemClock, type Timer } from '../../lib/core/clock.ts'

/** How much may wait on a line before its sender is told to stop, as TCP would. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024
/** A throttled line passes a share of its bytes this often, in milliseconds. */
const THROTTLE_TICK_MS = 20

/** What is wrong with one direction, for all connections alike. */
export interface Conditions {
  /** Each chunk arrives that much later. */
  delayMs: number
  /** Per connection; infinite: unhindered. */
  bytesPerSecond: number
  /** Nothing arrives any more, and nobody is told. */
  blackHole: boolean
  /** After this many more bytes, over all connections, the one that carries the last of them is cut. */
  cutAfterBytes: number
}

export function clearConditions(): Conditions {
  return {
    delayMs: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    blackHole: false,
    cutAfterBytes: Number.POSITIVE_INFINITY,
  }
}

export interface LineEvents {
  onDelayed(): void
  onThrottled(): void
  onSwallowed(byteCount: number): void
  /** The conditions cut the connection here. */
  onCut(): void
}

type End = 'fin' | 'reset'

interface Parcel {
  readonly content: Buffer | End
  readonly dueMs: number
}

export class Line {
  readonly #from: Socket
  readonly #to: Socket
  readonly #conditions: Conditions
  readonly #events: LineEvents
  readonly #queue: Parcel[] = []
  #queuedBytes = 0
  #running = false
  /** Bytes have been lost. TCP never delivers what comes behind a gap, so this line is dead for good. */
  #dead = false
  #closed = false
  #lastDueMs = 0
  #timer: Timer | undefined
  #wake: (() => void) | undefined

  constructor(from: Socket, to: Socket, conditions: Conditions, events: LineEvents) {
    this.#from = from
    this.#to = to
    this.#conditions = conditions
    this.#events = events
  }

  /** @param extraDelayMs - Besides that of the conditions. What comes later waits behind it. */
  send(content: Buffer | End, extraDelayMs = 0): void {
    if (this.#closed) return
    const delayMs = this.#conditions.delayMs + extraDelayMs
    if (delayMs > 0) this.#events.onDelayed()
    const dueMs = Math.max(this.#lastDueMs, systemClock.monotonicMs() + delayMs)
    this.#lastDueMs = dueMs
    this.#queue.push({ content, dueMs })
    this.#queuedBytes += content.length
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#from.pause()
    if (!this.#running) void this.#run()
  }

  /** Drops what waits. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let parcel = this.#queue.shift(); parcel !== undefined && !this.#closed; parcel = this.#queue.shift()) {
      const waitMs = parcel.dueMs - systemClock.monotonicMs()
      if (waitMs > 0) await this.#pause(waitMs)
      if (this.#closed) break
      if (typeof parcel.content === 'string') this.#end(parcel.content)
      else await this.#pass(parcel.content)
      this.#queuedBytes -= parcel.content.length
      if (this.#queuedBytes <= MAX_QUEUED_BYTES) this.#from.resume()
    }
    this.#running = false
  }

  #end(how: End): void {
    if (this.#swallows(0)) return
    if (how === 'fin') this.#to.end()
    else this.#to.resetAndDestroy()
  }

  async #pass(bytes: Buffer): Promise<void> {
    const conditions = this.#conditions
    for (let at = 0; at < bytes.length && !this.#closed; ) {
      if (this.#swallows(bytes.length - at)) return
      const isThrottled = Number.isFinite(conditions.bytesPerSecond)
      const share = isThrottled ? Math.ceil((conditions.bytesPerSecond * THROTTLE_TICK_MS) / 1_000) : bytes.length
      const piece = bytes.subarray(at, at + Math.min(share, conditions.cutAfterBytes))
      at += piece.length
      conditions.cutAfterBytes -= piece.length
      await this.#write(piece)
      if (conditions.cutAfterBytes === 0) {
        conditions.cutAfterBytes = Number.POSITIVE_INFINITY
        this.#events.onCut()
        return
      }
      if (isThrottled) {
        this.#events.onThrottled()
        await this.#pause(THROTTLE_TICK_MS)
      }
    }
  }

  // A side that has closed, or been told that nothing more will come, gets nothing more.
  #swallows(byteCount: number): boolean {
    this.#dead ||= this.#conditions.blackHole || !this.#to.writable
    if (this.#dead) this.#events.onSwallowed(byteCount)
    return this.#dead
  }

  // Resolves when the operating system has taken the bytes, or the socket is closed.
  #write(piece: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#to.write(piece, () => resolve())
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#timer = systemClock.setTimer(ms, resolve)
    })
  }
}
