import { type KafkaOptions, kafkaCluster } from '../../../../lib/client/kafkajs/index.ts'
import { parseAddress } from '../../../../lib/client/kafkajs/options.ts'
import { InvalidConfigError } from '../../../../lib/core/errors.ts'

const brokers = ['localhost:9092']
const sasl = (fields: object) => fields as NonNullable<KafkaOptions['sasl']>

describe('kafka options', () => {
  it.each<{ what: string; options: KafkaOptions }>([
    {
      what: 'only brokers',
      options: { brokers: ['a:1', 'kafka-2.example.com:65535', '127.0.0.1:9092', '[::1]:9092'] },
    },
    { what: 'times', options: { brokers, connectionTimeoutMs: 1, requestTimeoutMs: 2 ** 31 - 1 } },
    { what: 'TLS', options: { brokers, ssl: true } },
    { what: 'TLS options', options: { brokers, ssl: { rejectUnauthorized: false } } },
    { what: 'SASL', options: { brokers, sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' } } },
  ])('are taken: $what', ({ options }) => {
    expect(() => kafkaCluster(options)).not.toThrow()
  })

  it.each<{ option: string; options: object }>([
    { option: 'brokers', options: {} },
    { option: 'brokers', options: { brokers: [] } },
    { option: 'brokers', options: { brokers: 'localhost:9092' } },
    { option: 'brokers', options: { brokers: ['localhost'] } },
    { option: 'brokers', options: { brokers: ['localhost:0'] } },
    { option: 'brokers', options: { brokers: ['localhost:65536'] } },
    { option: 'brokers', options: { brokers: ['kafka://localhost:9092'] } },
    { option: 'brokers', options: { brokers: ['::1:9092'] } },
    { option: 'brokers', options: { brokers: [undefined] } },
    { option: 'ssl', options: { brokers, ssl: 'yes' } },
    { option: 'ssl', options: { brokers, ssl: null } },
    { option: 'sasl.mechanism', options: { brokers, sasl: sasl({ username: 'u', password: 'p' }) } },
    { option: 'sasl.mechanism', options: { brokers, sasl: sasl({ mechanism: 'kerberos' }) } },
    { option: 'sasl.password', options: { brokers, sasl: sasl({ mechanism: 'plain', username: 'u' }) } },
    { option: 'sasl.username', options: { brokers, sasl: sasl({ mechanism: 'plain', username: '', password: 'p' }) } },
    { option: 'sasl.oauthBearerProvider', options: { brokers, sasl: sasl({ mechanism: 'oauthbearer' }) } },
    { option: 'connectionTimeoutMs', options: { brokers, connectionTimeoutMs: 0 } },
    { option: 'requestTimeoutMs', options: { brokers, requestTimeoutMs: 1.5 } },
    { option: 'requestTimeoutMs', options: { brokers, requestTimeoutMs: 2 ** 31 } },
  ])('are refused at $option: $options', ({ option, options }) => {
    const make = () => kafkaCluster(options as KafkaOptions)
    expect(make).toThrow(InvalidConfigError)
    expect(make).toThrow(`'${option}'`)
  })

  it('do not show a secret that is wrong', () => {
    const password = 4711 as unknown as string
    expect(() => kafkaCluster({ brokers, sasl: { mechanism: 'plain', username: 'u', password } })).not.toThrow('4711')
  })

  it('do not show a password that was put into an address', () => {
    const make = () => kafkaCluster({ brokers: ['kafka://ada:s3cret@kafka-1:9092'] })
    expect(make).toThrow('***@kafka-1:9092')
    expect(make).not.toThrow('s3cret')
  })

  it('name addresses of every kind', () => {
    expect(parseAddress('[fe80::1%eth0]:9092')).toEqual({ host: 'fe80::1%eth0', port: 9092 })
    expect(parseAddress('kafka:29092')).toEqual({ host: 'kafka', port: 29092 })
  })
})
