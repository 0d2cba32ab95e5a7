// Each way to authenticate, with everything right and with one thing wrong.
import { describe, expect, it } from '@jest/globals'
import { wordCount } from '../../examples/word-count.ts'
import type { SaslOptions } from '../../lib/client/kafkajs/options.ts'
import { freshName } from '../support/cluster.ts'
import { countWords, realText } from '../support/text.ts'
import { finalCounts, wordsNotRising, writtenCounts } from '../support/word-count-check.ts'
import { memberOf, pipe, roundTrip } from './attempts.ts'
import type { Connect, SecurityBench } from './bench.ts'
import { everythingIn } from './recorder.ts'
import { type Certificates, oauthFor, PASSWORD, USER, unsignedToken } from './secured-broker.ts'

type Password = Extract<SaslOptions, { password: string }>
type Way = (certificates: Certificates) => Connect

/** An operation that is given up after this long has had time for several attempts. */
const REQUEST_TIMEOUT_MS = 1_000

const password = (mechanism: Password['mechanism'], wrong: Partial<Password> = {}): Password => {
  return { mechanism, username: USER, password: PASSWORD, ...wrong }
}
const token = (oauthBearerProvider: () => unknown) =>
  ({ mechanism: 'oauthbearer', oauthBearerProvider }) as Extract<SaslOptions, { mechanism: 'oauthbearer' }>

const right: readonly (readonly [string, Way])[] = [
  ['TLS', ({ authority }) => ({ listener: 'TLS', ssl: { ca: authority.cert } })],
  ['mutual TLS', ({ authority, client }) => ({ listener: 'MUTUALTLS', ssl: { ca: authority.cert, ...client } })],
  ['PLAIN', () => ({ listener: 'SASL', sasl: password('plain') })],
  ['SCRAM-SHA-256', () => ({ listener: 'SASL', sasl: password('scram-sha-256') })],
  ['SCRAM-SHA-512', () => ({ listener: 'SASL', sasl: password('scram-sha-512') })],
  ['OAUTHBEARER', () => ({ listener: 'SASL', sasl: oauthFor(USER) })],
  [
    'PLAIN over TLS',
    ({ authority }) => ({ listener: 'SASLTLS', ssl: { ca: authority.cert }, sasl: password('plain') }),
  ],
  [
    'OAUTHBEARER over TLS',
    ({ authority }) => ({ listener: 'SASLTLS', ssl: { ca: authority.cert }, sasl: oauthFor(USER) }),
  ],
]

/** What cannot be cured by another try, and is not given one. */
const refused: readonly (readonly [string, Way, says: RegExp])[] = [
  ['a wrong password, PLAIN', () => ({ listener: 'SASL', sasl: password('plain', { password: 'wr0ng' }) }), /`sasl`/],
  [
    'a wrong password, SCRAM',
    () => ({ listener: 'SASL', sasl: password('scram-sha-256', { password: 'wr0ng' }) }),
    /`sasl`/,
  ],
  ['an unknown user, PLAIN', () => ({ listener: 'SASL', sasl: password('plain', { username: 'nobody' }) }), /`sasl`/],
  [
    'an unknown user, SCRAM',
    () => ({ listener: 'SASL', sasl: password('scram-sha-512', { username: 'nobody' }) }),
    /`sasl`/,
  ],
  [
    'a mechanism that the listener does not have',
    () => ({ listener: 'PLAINONLY', sasl: password('scram-sha-256') }),
    /mechanism.*`sasl`/,
  ],
  [
    'credentials where none are asked for',
    () => ({ listener: 'CLIENT', sasl: password('plain') }),
    /`sasl`.*no credentials/,
  ],
  [
    'an expired token',
    () => ({ listener: 'SASL', sasl: oauthFor(USER, -60_000) }),
    /oauthBearerProvider: .*invalid_token.*`sasl`/,
  ],
  [
    'a token that is none',
    () => ({ listener: 'SASL', sasl: token(async () => ({ value: 'rubbish' })) }),
    /oauthBearerProvider: .*invalid_token/,
  ],
  [
    'a token provider that gives nothing',
    () => ({ listener: 'SASL', sasl: token(async () => undefined) }),
    /must resolve with \{ value: string \}/,
  ],
  ['no TLS where the broker speaks it', () => ({ listener: 'TLS' }), /answers with TLS.*`ssl`/],
  [
    'no TLS where the broker speaks it, with credentials',
    () => ({ listener: 'SASLTLS', sasl: password('plain') }),
    /answers with TLS.*`ssl`/,
  ],
  ['a broker signed by an authority that is not trusted', () => ({ listener: 'TLS', ssl: true }), /`ssl.ca`/],
  [
    'a broker signed by another authority',
    ({ foreign }) => ({ listener: 'TLS', ssl: { ca: foreign.cert } }),
    /`ssl.ca`/,
  ],
  [
    "a broker's certificate that has expired",
    ({ authority }) => ({ listener: 'EXPIRED', ssl: { ca: authority.cert } }),
    /expired.*renewed/,
  ],
  [
    "a broker's certificate for another host",
    ({ authority }) => ({ listener: 'ELSEWHERE', ssl: { ca: authority.cert } }),
    /altnames.*`ssl.servername`/,
  ],
  [
    'no client certificate where one is required',
    ({ authority }) => ({ listener: 'MUTUALTLS', ssl: { ca: authority.cert } }),
    /`ssl.cert`/,
  ],
  [
    'a client certificate that has expired',
    ({ authority, expiredClient }) => ({ listener: 'MUTUALTLS', ssl: { ca: authority.cert, ...expiredClient } }),
    /`ssl.cert`/,
  ],
  [
    'a client certificate of another authority',
    ({ authority, foreignClient }) => ({ listener: 'MUTUALTLS', ssl: { ca: authority.cert, ...foreignClient } }),
    /`ssl.cert`/,
  ],
]

/** What looks like a broker that is just going away, or may pass: tried again until the request time-out. */
const unclear: readonly (readonly [string, Way, says: RegExp])[] = [
  [
    'TLS where the broker does not speak it',
    ({ authority }) => ({ listener: 'CLIENT', ssl: { ca: authority.cert } }),
    /may not speak TLS \(option `ssl`\)/,
  ],
  ['no credentials where some are asked for', () => ({ listener: 'SASL' }), /may expect credentials \(option `sasl`\)/],
  [
    'a token provider that throws',
    () => ({
      listener: 'SASL',
      sasl: token(() => {
        throw new Error('out of tokens')
      }),
    }),
    /oauthBearerProvider has failed: out of tokens/,
  ],
  [
    'a token provider that rejects',
    () => ({ listener: 'SASL', sasl: token(() => Promise.reject(new Error('out of tokens'))) }),
    /oauthBearerProvider has failed: out of tokens/,
  ],
]

/** The errors with which the first things that an application does fail, by what they are. */
async function attempts(bench: SecurityBench, connect: Connect): Promise<Readonly<Record<string, any>>> {
  const client = bench.client(connect, REQUEST_TIMEOUT_MS)
  const streams = bench.streams(connect, pipe('in', 'out'), { requestTimeoutMs: REQUEST_TIMEOUT_MS })
  const partition = { topic: 'in', partition: 0 }
  const tried: Readonly<Record<string, Promise<unknown>>> = {
    admin: client.admin.describeTopics(['in']),
    'transactional producer': client.producer({ transactionalId: freshName('writer') }).init(),
    producer: client.producer({}).init(),
    'group member': memberOf(client, freshName('readers'), partition).start(),
    'group offsets': memberOf(client, freshName('readers'), partition).committed([partition]),
    KafkaStreams: streams.start(),
  }
  const errors = Object.entries(tried).map(async ([name, attempt]) => {
    const error = await attempt.then(
      () => 'it succeeded',
      (reason) => reason,
    )
    return [name, error] as const
  })
  const all = Object.fromEntries(await Promise.all(errors))
  expect(streams.state).toBe('ERROR')
  return all
}

export function describeAuthentication(bench: () => SecurityBench): void {
  const connect = (way: Way) => way(bench().secured.certificates)

  describe('authentication: with everything right', () => {
    it.each(right)('%s: topics, transactions, reading and groups', async (_, way) => {
      await roundTrip(bench().client(connect(way)))
    })

    it('SCRAM-SHA-512 over TLS: a word count', async () => {
      const { cluster, secured } = bench()
      const lines = realText(50_000)
      const [input, output] = [await cluster.createTopic(2), await cluster.createTopic(2)]
      const applicationId = freshName('words')
      const ssl = { ca: secured.certificates.authority.cert }
      const way: Connect = { listener: 'SASLTLS', ssl, sasl: password('scram-sha-512') }
      const streams = bench().streams(way, wordCount(input, output), { applicationId })
      await streams.start()
      await cluster.produceLines(input, lines)
      await cluster.caughtUp(applicationId, [input, `${applicationId}-counts-repartition`])
      await streams.close()
      const written = await writtenCounts(cluster, output)
      expect(finalCounts(written)).toEqual(countWords(lines))
      expect(wordsNotRising(written)).toEqual([])
    }, 60_000)
  })

  describe('authentication: refused', () => {
    it.each(refused)('%s: an AuthenticationError at once, wherever it shows first', async (_, way, says) => {
      const errors = await attempts(bench(), connect(way))
      for (const [where, error] of Object.entries(errors)) {
        expect({ where, code: error.code, name: error.name }).toEqual({
          where,
          code: 'STREAMS_AUTHENTICATION',
          name: 'AuthenticationError',
        })
        expect(error.message).toMatch(says)
        expect(error.message).toMatch(/127\.0\.0\.1:\d+/)
      }
      bench().log.lines.push(...Object.values(errors).map(everythingIn))
    })

    it.each(unclear)(
      '%s: given up after the request time-out, with the option in the message',
      async (_, way, says) => {
        const errors = await attempts(bench(), connect(way))
        for (const [where, error] of Object.entries(errors)) {
          expect({ where, code: error.code }).toEqual({ where, code: 'STREAMS_BROKER_UNAVAILABLE' })
          expect(error.message).toMatch(says)
        }
        bench().log.lines.push(...Object.values(errors).map(everythingIn))
      },
    )

    it('a token provider that fails for a while only delays the start', async () => {
      let calls = 0
      const provider = async () => {
        if (++calls <= 3) throw new Error('the token server starts, too')
        return { value: unsignedToken(USER, 3_600_000) }
      }
      const client = bench().client({ listener: 'SASL', sasl: token(provider) })
      await client.admin.clusterId()
      expect(calls).toBeGreaterThan(3)
    })
  })
}
