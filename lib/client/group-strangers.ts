// Flow: group-member → [group-strangers] → log. What a member does about members that speak another group protocol.
import type { ClientContext } from './client.ts'

/** Above the session time-out that Kafka's Java clients have by default, 45 s. */
const DEFAULT_PATIENCE_MS = 60_000

/**
 * A group lets in only members of one protocol, and counts a process that was killed among them until its session ends: so whoever takes over an
 * application from Java Kafka Streams may find it there, though it has died. Members that live stay, and with them the refusal.
 */
export class Strangers {
  readonly #context: ClientContext
  readonly #fields: { readonly group: string }
  readonly #patienceMs: number
  /** When this member was first refused, since it was last let in. */
  #refusedMs: number | undefined

  constructor(context: ClientContext, groupId: string, patienceMs = DEFAULT_PATIENCE_MS) {
    this.#context = context
    this.#fields = { group: groupId }
    this.#patienceMs = patienceMs
  }

  /** The group has refused this member because of others. Throws the refusal when it has been waited out for long enough. */
  refused(refusal: Error): void {
    const nowMs = this.#context.clock.monotonicMs()
    if (this.#refusedMs === undefined) {
      this.#refusedMs = nowMs
      const what =
        'The group has members of another protocol: joins when they have left it, or have died and their sessions are over'
      this.#context.logger.warn({ ...this.#fields, waitsAtMostMs: this.#patienceMs, err: refusal }, what)
    } else if (nowMs - this.#refusedMs >= this.#patienceMs) throw refusal
  }

  letIn(): void {
    if (this.#refusedMs === undefined) return
    const waitedMs = Math.round(this.#context.clock.monotonicMs() - this.#refusedMs)
    this.#refusedMs = undefined
    this.#context.logger.info({ ...this.#fields, waitedMs }, 'The members of another protocol are gone from the group')
  }
}
