// docker/compose.yml holds together: addresses, topics, versions. That the broker starts by it: integration/docker.test.ts.
import { environmentName } from '../../integration/broker/docker-engine.ts'
import { KAFKA_VERSION } from '../../integration/broker/kafka-jars.ts'
import { brokerProperties, createdTopics, propertyName, readCompose, wordCountOptions } from './compose.ts'
import { lastOf, readDockerfile } from './dockerfile.ts'

const compose = readCompose()
const { broker, topics, 'word-count': wordCount } = compose.services
const properties = brokerProperties(compose)

/** `NAME://host:port,…` */
function listeners(property: string): ReadonlyMap<string, { readonly host: string; readonly port: string }> {
  return new Map(
    properties[property]!.split(',').map((listener) => {
      const [, name, host, port] = /^([A-Z]+):\/\/([\w.]*):(\d+)$/.exec(listener)!
      return [name!, { host: host!, port: port! }]
    }),
  )
}

describe("the broker's service", () => {
  it('runs the Kafka that the tests run', () => {
    expect(broker.image).toBe(`apache/kafka:${KAFKA_VERSION}`)
    expect(topics.image).toBe(broker.image)
  })

  it('is published on the loopback address alone, where the listener for the host says', () => {
    const { host, port } = listeners('advertised.listeners').get('HOST')!
    expect(host).toBe('127.0.0.1')
    expect(broker.ports).toEqual([`127.0.0.1:${port}:${port}`])
    for (const service of Object.values(compose.services))
      for (const published of service.ports ?? []) expect(published).toMatch(/^127\.0\.0\.1:/)
  })

  it('has a listener for the host, one for containers and one for the controller, each bound and with a protocol', () => {
    const bound = listeners('listeners')
    const protocols = new Map(
      properties['listener.security.protocol.map']!.split(',').map((pair) => pair.split(':') as [string, string]),
    )
    expect([...protocols.keys()].sort()).toEqual([...bound.keys()].sort())
    for (const [name, { port }] of listeners('advertised.listeners')) expect(bound.get(name)?.port).toBe(port)
    expect(listeners('advertised.listeners').has(properties['controller.listener.names']!)).toBe(false)
    expect(listeners('advertised.listeners').has(properties['inter.broker.listener.name']!)).toBe(true)
    const voter = `${properties['node.id']}@${broker.hostname}:${bound.get(properties['controller.listener.names']!)!.port}`
    expect(properties['controller.quorum.voters']).toBe(voter)
  })

  it('keeps its data on a named volume', () => {
    expect(broker.volumes).toEqual([`broker-data:${properties['log.dirs']}`])
    expect(Object.keys(compose.volumes)).toEqual(['broker-data'])
  })

  it('has a cluster id that Kafka takes: 16 bytes in base64', () => {
    const id = String(broker.environment!.CLUSTER_ID)
    expect(Buffer.from(id, 'base64')).toHaveLength(16)
    expect(id).toHaveLength(22)
  })

  it('names each property as the image reads it', () => {
    for (const variable of Object.keys(broker.environment!).filter((name) => name.startsWith('KAFKA_')))
      expect(environmentName(propertyName(variable))).toBe(variable)
  })
})

describe('the services beside it', () => {
  const { host, port } = listeners('advertised.listeners').get('CONTAINERS')!
  const address = `${host}:${port}`
  const options = wordCountOptions(compose)

  it('reach the broker at the address that it tells containers', () => {
    expect(host).toBe(broker.hostname)
    expect(broker.healthcheck!.test).toEqual(['CMD', 'bash', '-c', `</dev/tcp/${host}/${port}`])
    expect(topics.command![0]).toContain(`--bootstrap-server ${address} `)
    expect(options.brokers).toBe(address)
  })

  it('start in their order: broker, topics, word count', () => {
    expect(topics.depends_on).toEqual({ broker: { condition: 'service_healthy' } })
    expect(wordCount.depends_on).toEqual({
      broker: { condition: 'service_healthy' },
      topics: { condition: 'service_completed_successfully' },
    })
  })

  it('make the topics that the word count reads and writes', () => {
    expect([...createdTopics(compose).topics].sort()).toEqual([options.input, options.output].sort())
  })

  it('keep the state of the word count on the volume that its image declares', () => {
    expect(options['state-dir']).toBe(lastOf(readDockerfile().at(-1)!, 'VOLUME'))
  })
})
