// Sessions that the broker limits (connections.max.reauth.ms, or the life of a token): clients authenticate again, in time and without losing anything.
import { describe, expect, it } from '@jest/globals'
import { wordCount } from '../../examples/word-count.ts'
import type { SaslOptions } from '../../lib/client/kafkajs/options.ts'
import { freshName, until } from '../support/cluster.ts'
import { countWords, realText } from '../support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from '../support/word-count-check.ts'
import { pipe } from './attempts.ts'
import type { SecurityBench } from './bench.ts'
import { PASSWORD, SESSION_LIFETIME_MS, USER, unsignedToken } from './secured-broker.ts'

/** Each connection authenticates at least so often. */
const SESSIONS = 2

/** Tokens for the user, and how often one was asked for. */
class TokenServer {
  count = 0
  readonly sasl: SaslOptions = {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => {
      this.count++
      return { value: this.next() }
    },
  }
  next: () => string = () => unsignedToken(USER, 3_600_000)
}

export function describeSessions(bench: () => SecurityBench): void {
  describe('authentication: sessions end', () => {
    it('a word count authenticates again and again, and counts right', async () => {
      const { cluster } = bench()
      const tokens = new TokenServer()
      const [input, output] = [await cluster.createTopic(2), await cluster.createTopic(2)]
      const applicationId = freshName('words')
      const streams = bench().streams({ listener: 'SHORTSESSIONS', sasl: tokens.sasl }, wordCount(input, output), {
        applicationId,
        stateDir: bench().stateDir(applicationId),
      })
      const states: string[] = []
      streams.on('state', ({ to }) => {
        if (to !== 'REBALANCING') states.push(to)
      })
      await streams.start()
      const connections = tokens.count
      const lines = realText(40_000)
      let sent = 0
      // Records on the way all the time, whatever the sessions do.
      await until(`${SESSIONS} sessions of each connection`, async () => {
        const some = lines.slice(sent, sent + 10)
        sent += some.length
        await cluster.produceLines(input, some)
        return tokens.count >= connections * SESSIONS
      })
      await cluster.produceLines(input, lines.slice(sent))
      await cluster.caughtUp(applicationId, [input, `${applicationId}-counts-repartition`])
      await streams.close()

      const written = await writtenCounts(cluster, output)
      expect(finalCounts(written)).toEqual(countWords(lines))
      expect(wordsNotRising(written)).toEqual([])
      expect(states).toEqual(['RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
    }, 90_000)

    it('a connection that was idle for longer than its session is good for the next request', async () => {
      const sasl: SaslOptions = { mechanism: 'plain', username: USER, password: PASSWORD }
      const { admin } = bench().client({ listener: 'SHORTSESSIONS', sasl })
      const topic = await bench().cluster.createTopic(1)
      const lookedAtMs = performance.now()
      await admin.describeTopics([topic])
      await until('the session has ended', () => performance.now() - lookedAtMs > SESSION_LIFETIME_MS * 1.2)
      expect((await admin.describeTopics([topic])).size).toBe(1)
    })

    it('tokens that live for seconds are renewed, too', async () => {
      const tokens = new TokenServer()
      tokens.next = () => unsignedToken(USER, 3_500)
      const { admin } = bench().client({ listener: 'SASL', sasl: tokens.sasl })
      const topic = await bench().cluster.createTopic(1)
      await until('the third token', async () => {
        expect((await admin.describeTopics([topic])).size).toBe(1)
        return tokens.count >= 3
      })
    })

    it('a token that is refused when a session is renewed stops the instance, by name', async () => {
      const { cluster } = bench()
      const tokens = new TokenServer()
      const [input, output] = [await cluster.createTopic(1), await cluster.createTopic(1)]
      const streams = bench().streams({ listener: 'SHORTSESSIONS', sasl: tokens.sasl }, pipe(input, output), {
        stateDir: bench().stateDir(freshName('pipe')),
      })
      const failed = new Promise<Error>((resolve) => streams.once('error', resolve))
      await streams.start()
      tokens.next = () => unsignedToken(USER, -60_000)
      expect(await failed).toMatchObject({
        code: 'STREAMS_AUTHENTICATION',
        message: expect.stringMatching(/oauthBearerProvider: .*invalid_token.*`sasl`/),
      })
      expect(streams.state).toBe('ERROR')
    }, 60_000)
  })
}
