const POLL_MS = 20

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Looks again and again until a condition holds. Gives up when `limitMs` have gone by without `progress` changing.
 *
 * @throws Error that says for what it waited; or the signal's reason.
 */
export async function until(
  what: string,
  holds: () => boolean,
  options: { readonly signal: AbortSignal; readonly limitMs?: number; readonly progress?: () => unknown },
): Promise<void> {
  const { signal, limitMs = 60_000, progress = () => 0 } = options
  let seen = progress()
  let sinceMs = performance.now()
  for (;;) {
    signal.throwIfAborted()
    if (holds()) return
    const now = progress()
    if (now !== seen) {
      seen = now
      sinceMs = performance.now()
    }
    if (performance.now() - sinceMs > limitMs) throw new Error(`waited ${limitMs / 1_000} s in vain until ${what}`)
    await pause(POLL_MS)
  }
}
