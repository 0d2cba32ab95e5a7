import { AuthenticationError, ConnectionError } from '../../../../lib/client/errors.ts'
import { InvalidConfigError } from '../../../../lib/core/errors.ts'
import { ca } from './tls-fixture.ts'
import { beat, CALM, failure, NO_TOPICS, WireHarness } from './wire-harness.ts'

const PASSWORD = 'pa$$w0rd-7391'
const CREDENTIALS = { mechanism: 'plain', username: 'ada', password: PASSWORD } as const
const ACCEPTED = `\0ada\0${PASSWORD}`

let harness = new WireHarness()
beforeEach(() => {
  harness = new WireHarness()
})
afterEach(() => harness.close())

describe('TLS', () => {
  it('is spoken with a broker whose certificate is trusted, by address and by name', async () => {
    const broker = await harness.broker({ tls: true })
    for (const address of [broker.address, `localhost:${broker.port}`]) {
      const wire = harness.wire({ brokers: [address], ssl: { ca } })
      await wire.send('any', 'metadata', NO_TOPICS)
      expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
    }
  })

  it('refuses a certificate that nobody vouches for', async () => {
    const broker = await harness.broker({ tls: true })
    const error = await failure(
      harness.wire({ brokers: [broker.address], ssl: true }).send('any', 'metadata', NO_TOPICS),
    )
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(
      /broker 127.0.0.1:\d+: TLS was refused: unable to verify.*\. Check the option `ssl.ca`/,
    )
  })

  it('refuses a certificate for another name', async () => {
    const broker = await harness.broker({ tls: true })
    const ssl = { ca, servername: 'other.example' }
    const error = await failure(harness.wire({ brokers: [broker.address], ssl }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(/TLS was refused: Hostname.*other.example.*`ssl.servername`/)
  })

  it('cannot be spoken with a broker that does not speak it', async () => {
    // A real broker takes the handshake for a request of impossible length, and hangs up.
    const broker = await harness.broker({ greeting: 'hang up' })
    const error = await failure(
      harness.wire({ brokers: [broker.address], ssl: true }).send('any', 'metadata', NO_TOPICS),
    )
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(
      /(the broker closed the connection|socket disconnected before secure TLS).*may not speak TLS \(option `ssl`\)/,
    )
  })

  it('is told from a broken connection when the broker speaks it and we do not', async () => {
    const broker = await harness.broker({ greeting: Buffer.from([0x15, 3, 3, 0, 2, 2, 80]) })
    const error = await failure(harness.wire({ brokers: [broker.address] }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(/the broker answers with TLS. Check the option `ssl`/)
  })

  it('fails at once when its options cannot be used', () => {
    expect(() =>
      harness.wire({ brokers: ['127.0.0.1:1'], ssl: { ca: 'no certificate', cert: 'none', key: 'none' } }),
    ).toThrow(InvalidConfigError)
  })
})

describe('SASL', () => {
  it('opens a connection for the right credentials', async () => {
    const broker = await harness.broker({ saslPlain: ACCEPTED })
    const wire = harness.wire({ brokers: [broker.address], sasl: CREDENTIALS })
    await wire.send('any', 'metadata', NO_TOPICS)
    expect(await wire.send(1, 'heartbeat', beat())).toEqual(CALM)
  })

  it('works over TLS', async () => {
    const broker = await harness.broker({ saslPlain: ACCEPTED, tls: true })
    const wire = harness.wire({ brokers: [broker.address], sasl: CREDENTIALS, ssl: { ca } })
    await wire.send('any', 'metadata', NO_TOPICS)
  })

  it('never shows the password, not in errors and not in logs, though the broker repeats it', async () => {
    const broker = await harness.broker({ saslPlain: '\0ada\0another' })
    const wire = harness.wire({ brokers: [broker.address], sasl: CREDENTIALS })

    const error = await failure(wire.send('any', 'metadata', NO_TOPICS))

    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(/SASL was refused: .*Invalid credentials {2}ada \*\*\*. Check the option `sasl`/)
    expect(harness.log.debugLines.length).toBeGreaterThan(0)
    for (const text of [error.message, error.stack, JSON.stringify(error), ...harness.log.debugLines]) {
      expect(text).not.toContain(PASSWORD)
    }
    expect(error.cause).toBeUndefined()
  })

  it('refuses a mechanism that the broker does not have', async () => {
    const broker = await harness.broker({ saslPlain: ACCEPTED })
    const sasl = { mechanism: 'scram-sha-256', username: 'ada', password: PASSWORD } as const
    const error = await failure(harness.wire({ brokers: [broker.address], sasl }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(/SCRAM-SHA-256 mechanism is not supported/)
  })

  it('that breaks off is a lost connection, not a refusal', async () => {
    const broker = await harness.broker({ saslPlain: 'cut' })
    const error = await failure(
      harness.wire({ brokers: [broker.address], sasl: CREDENTIALS }).send('any', 'metadata', NO_TOPICS),
    )
    expect(error).toBeInstanceOf(ConnectionError)
  })

  it('is tried again when the token provider has failed', async () => {
    const broker = await harness.broker({ saslPlain: ACCEPTED })
    const oauthBearerProvider = () => Promise.reject(new Error('the token server has a holiday'))
    const sasl = { mechanism: 'oauthbearer', oauthBearerProvider } as const
    const error = await failure(harness.wire({ brokers: [broker.address], sasl }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/oauthBearerProvider has failed: the token server has a holiday/)
  })

  it('sends a token with its extensions, as RFC 7628 has it', async () => {
    const broker = await harness.broker({ tokenRefusal: '' })
    const oauthBearerProvider = async () => ({
      value: 'token-5521',
      extensions: { logicalCluster: 'lkc-1', pool: 'p' },
    })
    const sasl = { mechanism: 'oauthbearer', oauthBearerProvider } as const
    await harness.wire({ brokers: [broker.address], sasl }).send('any', 'metadata', NO_TOPICS)
    expect(broker.tokenMessages).toEqual(['n,,\x01auth=Bearer token-5521\x01logicalCluster=lkc-1\x01pool=p\x01\x01'])
  })

  it('takes no refused token for accepted, though the answer is a good one', async () => {
    const broker = await harness.broker({ tokenRefusal: '{"status":"invalid_token"}' })
    const sasl = { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 'token-5521' }) } as const
    const error = await failure(harness.wire({ brokers: [broker.address], sasl }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(/oauthBearerProvider: \{"status":"invalid_token"\}. Check the option `sasl`/)
    expect(broker.tokenMessages.at(-1)).toBe('\x01')
    expect(broker.requests).toEqual([])
  })

  it.each([undefined, null, {}, { value: '' }, { value: 7 }])(
    'is not tried with %j instead of a token',
    async (token) => {
      const broker = await harness.broker({ tokenRefusal: '' })
      const sasl = { mechanism: 'oauthbearer', oauthBearerProvider: async () => token as never } as const
      const error = await failure(harness.wire({ brokers: [broker.address], sasl }).send('any', 'metadata', NO_TOPICS))
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error.message).toContain('must resolve with { value: string }')
      expect(broker.tokenMessages).toEqual([])
    },
  )

  it('hides tokens too', async () => {
    const broker = await harness.broker({ saslPlain: ACCEPTED })
    const oauthBearerProvider = async () => ({ value: 'token-5521' })
    const sasl = { mechanism: 'oauthbearer', oauthBearerProvider } as const
    const error = await failure(harness.wire({ brokers: [broker.address], sasl }).send('any', 'metadata', NO_TOPICS))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toContain('***')
    expect(error.message + harness.log.debugLines.join()).not.toContain('token-5521')
  })
})
