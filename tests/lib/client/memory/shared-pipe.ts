import { deserialize, serialize } from 'node:v8'
import type { MessagePipe } from '../../../../lib/client/memory/shared-messages.ts'

/** Two ends of a pipe within this process. Messages are copied as between processes, and arrive in a later turn of the event loop. */
export function pipePair(): { readonly ends: readonly [MessagePipe, MessagePipe]; cut(): void } {
  const ended: (() => void)[] = []
  let isCut = false
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []]
  const end = (own: 0 | 1): MessagePipe => ({
    send(message) {
      if (isCut) return
      const bytes = serialize(message)
      setImmediate(() => {
        if (!isCut) for (const listener of listeners[own === 0 ? 1 : 0]) listener(deserialize(bytes))
      })
    },
    get hasEnded() {
      return isCut
    },
    listen(onMessage, onEnd) {
      listeners[own].push(onMessage)
      ended.push(onEnd)
      return () => {
        listeners[own] = listeners[own].filter((listener) => listener !== onMessage)
      }
    },
  })
  return {
    ends: [end(0), end(1)],
    cut() {
      isCut = true
      for (const listener of ended) listener()
    },
  }
}
