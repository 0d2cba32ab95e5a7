// No password, token or key shows in a log or an error, though the log is as talkative as it can be made.
import { describe, expect, it } from '@jest/globals'
import type { SaslOptions } from '../../lib/client/kafkajs/options.ts'
import { type KafkaOptions, kafkaCluster } from '../../lib/index.ts'
import { pipe, roundTrip } from './attempts.ts'
import type { Connect, SecurityBench } from './bench.ts'
import { everythingIn, spellings } from './recorder.ts'
import { PASSWORD, USER, unsignedToken } from './secured-broker.ts'

const WRONG_PASSWORD = 'not-the-pässw0rd'

/** What of a PEM key would be recognised: its lines, without the first and the last. */
function linesOfKey(pem: string): readonly string[] {
  return pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'))
}

function expectNothingOf(secrets: readonly string[], text: string): void {
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
}

/** Everything that has been said so far in any test, by Millrace and by kafkajs. */
export function expectNoSecrets(bench: SecurityBench): void {
  const { client, expiredClient, foreignClient } = bench.secured.certificates
  const keys = [client, expiredClient, foreignClient].flatMap(({ key }) => linesOfKey(key))
  const passwords = [PASSWORD, WRONG_PASSWORD].flatMap((password) => spellings(password, USER))
  expect(keys.length).toBeGreaterThan(2)
  expectNothingOf([...keys, ...passwords, ...bench.tokens], bench.log.lines.join('\n'))
}

export function describeSecrets(bench: () => SecurityBench): void {
  describe('secrets', () => {
    const ways: readonly (readonly [string, () => Connect])[] = [
      ['PLAIN', () => ({ listener: 'SASL', sasl: { mechanism: 'plain', username: USER, password: PASSWORD } })],
      [
        'PLAIN, refused',
        () => ({ listener: 'SASL', sasl: { mechanism: 'plain', username: USER, password: WRONG_PASSWORD } }),
      ],
      ['SCRAM', () => ({ listener: 'SASL', sasl: { mechanism: 'scram-sha-256', username: USER, password: PASSWORD } })],
      [
        'SCRAM, refused',
        () => ({ listener: 'SASL', sasl: { mechanism: 'scram-sha-512', username: USER, password: WRONG_PASSWORD } }),
      ],
      ['OAUTHBEARER', () => ({ listener: 'SASL', sasl: remembered(bench(), 60_000) })],
      ['OAUTHBEARER, refused', () => ({ listener: 'SASL', sasl: remembered(bench(), -60_000) })],
      ['OAUTHBEARER, whose provider says too much', () => ({ listener: 'SASL', sasl: talkative(bench()) })],
      ['a client certificate', () => mutualTls(bench(), 'client')],
      ['a client certificate, refused', () => mutualTls(bench(), 'foreignClient')],
    ]

    it.each(ways)('%s: nothing in what can be printed', async (_, way) => {
      const connect = way()
      const options: KafkaOptions = bench().options(connect)
      const supplier = kafkaCluster(options)
      const client = bench().client(connect, 1_000)
      // With credentials of its own: a client hides the tokens that it was given.
      const streams = bench().streams(way(), pipe('in', 'out'), { requestTimeoutMs: 1_000 })
      const errors = await Promise.all([
        roundTrip(client).catch((error) => error),
        streams.start().catch((error) => error),
      ])
      const printed = [supplier, client, client.admin, client.producer({}), streams, streams.metrics(), ...errors]
      bench().log.lines.push(...printed.map(everythingIn))
      expectNoSecrets(bench())
    })

    it('kafkajs was made to say all that it can', () => {
      const said = bench().log.lines.join('\n')
      expect(said).toContain('Request SaslAuthenticate')
      expect(said).toContain('Authenticate with SASL PLAIN')
    })

    it('in everything that all tests have logged and thrown: nothing', () => {
      expect(bench().log.lines.length).toBeGreaterThan(500)
      expectNoSecrets(bench())
    })

    it('would be found', () => {
      const initialResponse = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64')
      for (const leak of [
        PASSWORD,
        JSON.stringify({ PASSWORD }),
        initialResponse,
        everythingIn({ deep: { PASSWORD } }),
      ]) {
        expect(() => expectNothingOf(spellings(PASSWORD, USER), `so: ${leak}`)).toThrow()
      }
    })
  })
}

function mutualTls({ secured }: SecurityBench, which: 'client' | 'foreignClient'): Connect {
  const { authority, [which]: certificate } = secured.certificates
  return { listener: 'MUTUALTLS', ssl: { ca: authority.cert, ...certificate } }
}

/** Tokens that no log may hold. */
function remembered(bench: SecurityBench, lifetimeMs: number): SaslOptions {
  const oauthBearerProvider = async () => {
    const value = unsignedToken(USER, lifetimeMs)
    bench.tokens.push(value)
    return { value }
  }
  return { mechanism: 'oauthbearer', oauthBearerProvider }
}

function talkative(bench: SecurityBench): SaslOptions {
  let last = ''
  const oauthBearerProvider = async () => {
    if (last !== '') throw new Error(`the token '${last}' cannot be renewed`)
    last = unsignedToken(USER, 2_000)
    bench.tokens.push(last)
    return { value: last }
  }
  return { mechanism: 'oauthbearer', oauthBearerProvider }
}
