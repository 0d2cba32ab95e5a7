import { Secrets } from '../../../../lib/client/kafkajs/secrets.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('secrets', () => {
  const plain = new Secrets({ mechanism: 'plain', username: 'ada', password: 'p&ss' })

  it.each([
    { what: 'the password', text: 'no p&ss here', hidden: 'no *** here' },
    { what: 'the password, each time', text: 'p&ssp&ss', hidden: '******' },
    { what: 'the password in base64', text: `<${base64('p&ss')}>`, hidden: '<***>' },
    { what: 'what SASL PLAIN sends, in base64', text: `<${base64('\0ada\0p&ss')}>`, hidden: '<***>' },
    { what: 'the password in an address', text: 'sasl://ada:p%26ss@kafka', hidden: 'sasl://ada:***@kafka' },
    { what: 'nothing else', text: 'ada is refused', hidden: 'ada is refused' },
  ])('hide $what', ({ text, hidden }) => {
    expect(plain.hide(text)).toBe(hidden)
  })

  it('of AWS are the key and the session token', () => {
    const identity = { authorizationIdentity: 'id', accessKeyId: 'AK1', secretAccessKey: 'sk2' }
    expect(new Secrets({ mechanism: 'aws', ...identity, sessionToken: 'st3' }).hide('AK1 sk2 st3')).toBe('AK1 *** ***')
    expect(new Secrets({ mechanism: 'aws', ...identity }).hide('AK1 sk2')).toBe('AK1 ***')
  })

  it('may be none', () => {
    expect(new Secrets(undefined).hide('as it is')).toBe('as it is')
  })

  it('are the tokens of late, of which the same counts once', () => {
    const secrets = new Secrets({ mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: '' }) })
    secrets.addToken('first-token')
    for (let i = 0; i < 1_000; i++) secrets.addToken('second-token')
    expect(secrets.hide('first-token, second-token')).toBe('***, ***')
    for (let i = 0; i < 100; i++) secrets.addToken(`token-${i}-`)
    expect(secrets.hide('first-token, token-99-')).toBe('first-token, ***')
  })
})
