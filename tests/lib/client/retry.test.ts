import { describe, expect, it } from '@jest/globals'
import type { ClientContext } from '../../../lib/client/client.ts'
import { AuthenticationError, BrokerUnavailableError, ConnectionError } from '../../../lib/client/errors.ts'
import { OperationOutages } from '../../../lib/client/outage.ts'
import { Retry, type RetryOptions, retrying } from '../../../lib/client/retry.ts'
import { VirtualClock } from '../../../lib/core/clock.ts'
import { LogLines } from './log-lines.ts'

const LIMIT_MS = 100_000

/** Runs an operation in virtual time: its attempts' times, and how it ended. */
async function run(attempt: (number: number) => Promise<string | Retry>, options: RetryOptions = {}) {
  const clock = new VirtualClock()
  const logger = new LogLines()
  const context: ClientContext = { clientId: 'test', clock, logger, requestTimeoutMs: 1_000 }
  const atMs: number[] = []
  let end: string | Error | undefined
  const once = ({ attempt: number }: { attempt: number }) => {
    atMs.push(clock.now())
    return attempt(number)
  }
  retrying(context, 'Asking', once, options).then(
    (value) => {
      end = value
    },
    (error: Error) => {
      end = error
    },
  )
  await clock.advanceUntil(() => end !== undefined, LIMIT_MS)
  return { atMs, end: end!, lines: logger.lines, endedAtMs: clock.now() }
}

const again = new Retry(new Error('not yet'))

describe('retrying', () => {
  it('is done at the first success', async () => {
    const { atMs, end } = await run(async () => 'answer')
    expect({ atMs, end }).toEqual({ atMs: [0], end: 'answer' })
  })

  it('waits twice as long after each failure, up to a maximum', async () => {
    const { atMs } = await run(async (number) => (number < 6 ? again : 'answer'), { maxDelayMs: 100 })
    expect(atMs).toEqual([0, 20, 60, 140, 240, 340])
  })

  it('lets a cause that passes soon be tried again soon', async () => {
    const soon = new Retry(new Error('a moment'), 5)
    const { atMs } = await run(async (number) => (number < 5 ? soon : 'answer'), { firstDelayMs: 2 })
    expect(atMs).toEqual([0, 2, 6, 11, 16])
  })

  it('repeats what lost its connection', async () => {
    const { atMs, end } = await run(async (number) => {
      if (number === 1) throw new ConnectionError('gone')
      return 'answer'
    })
    expect({ atMs, end }).toEqual({ atMs: [0, 20], end: 'answer' })
  })

  it.each([
    { what: 'a refusal', error: new AuthenticationError('wrong password') },
    { what: 'an error that is not ours', error: new TypeError('a bug') },
  ])('passes on $what at once', async ({ error }) => {
    const { atMs, end } = await run(async () => {
      throw error
    })
    expect(atMs).toEqual([0])
    expect(end).toBe(error)
  })

  it('gives up when the time is up, and says what failed, for how long, and why', async () => {
    const { end, endedAtMs, atMs } = await run(async () => again, {
      hint: (last) => `Because ${last.message}, look there.`,
    })
    expect(end).toMatchObject({
      code: 'STREAMS_BROKER_UNAVAILABLE',
      message: 'Asking did not succeed within 1000 ms: not yet. Because not yet, look there.',
      cause: again.cause,
    })
    expect(endedAtMs).toBeLessThanOrEqual(1_000)
    expect(atMs.at(-1)).toBeGreaterThan(900)
  })

  it('gives each request at most half of the time that is left', async () => {
    const clock = new VirtualClock()
    const context = { clientId: 'test', clock, logger: new LogLines(), requestTimeoutMs: 1_000 }
    const seen: (readonly [number, number])[] = []
    const done = retrying(context, 'Asking', async ({ remainingMs, timeoutMs, attempt }) => {
      seen.push([remainingMs, timeoutMs])
      return attempt < 2 ? again : 'answer'
    })
    await clock.advance(100)
    await done
    expect(seen).toEqual([
      [1_000, 500],
      [980, 490],
    ])
  })

  it('says so once when it takes long', async () => {
    const { lines } = await run(async () => again, { timeoutMs: 30_000 })
    expect(lines).toEqual(['warn: Asking fails so far and is tried again'])
    expect((await run(async (number) => (number < 4 ? again : 'answer'))).lines).toEqual([])
  })

  it('names the cause that tells most, not that the last attempts had little time', async () => {
    const { end } = await run(async (number) => {
      throw new ConnectionError(number < 7 ? 'connection refused' : 'not connected within 7 ms')
    })
    expect((end as Error).message).toBe('Asking did not succeed within 1000 ms: connection refused.')
  })

  it('names it too when an operation within the last attempt had little time', async () => {
    const { end, atMs } = await run(async (number) => {
      if (number < 7) return new Retry(new Error('no replicas'))
      throw new BrokerUnavailableError('Finding the coordinator did not succeed within 9 ms: no answer.')
    })
    expect(atMs).toHaveLength(7)
    expect((end as Error).message).toBe('Asking did not succeed within 1000 ms: no replicas.')
  })

  it('stops when its owner has', async () => {
    const closed = new Error('closed')
    let attempts = 0
    const { end, atMs } = await run(
      async () => {
        attempts++
        return again
      },
      { stopped: () => (attempts === 2 ? closed : undefined) },
    )
    expect(end).toBe(closed)
    expect(atMs).toEqual([0, 20])
  })
})

describe('operations that share a log', () => {
  it('say once together that they fail, and once that they succeed again', async () => {
    const clock = new VirtualClock()
    const logger = new LogLines()
    const context = { clientId: 'test', clock, logger, requestTimeoutMs: 30_000, outages: new OperationOutages(logger) }
    let away = true
    const asking = Array.from({ length: 50 }, (_, i) =>
      retrying(context, `Asking for ${i}`, async () => {
        if (away) throw new ConnectionError('gone')
        return i
      }),
    )
    // What the cluster itself cannot do is another matter.
    const leaderless = retrying(context, 'Finding a leader', async () => again, { timeoutMs: 5_000 }).catch(() => {})
    await clock.advance(10_000)
    expect(logger.lines).toEqual([
      'warn: Asking for 0 fails so far and is tried again',
      'warn: Finding a leader fails so far and is tried again',
    ])

    away = false
    await clock.advance(2_000)
    await Promise.all([...asking, leaderless])
    expect(logger.lines.slice(2)).toEqual(['info: What failed and was tried again succeeds'])

    away = true
    const next = retrying(context, 'Asking again', async () => (away ? again : 'answer'))
    await clock.advance(2_000)
    expect(logger.lines.slice(3)).toEqual(['warn: Asking again fails so far and is tried again'])
    away = false
    await clock.advance(2_000)
    await next
  })
})
