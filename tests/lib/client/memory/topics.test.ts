import { memoryCluster } from '../../../../lib/client/memory/index.ts'
import type { RequestOf, ResponseOf } from '../../../../lib/client/protocol/apis.ts'
import { errorName } from '../../../../lib/client/protocol/error-codes.ts'
import { Bench, batchOf } from './support.ts'

type NewTopic = RequestOf<'createTopics'>['topics'][number]
type Alteration = RequestOf<'incrementalAlterConfigs'>['resources'][number]['configs'][number]

const NO_ID = '0'.repeat(32)
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3] as const

async function create(made: Bench, ...topics: readonly (Partial<NewTopic> & { name: string })[]): Promise<string[]> {
  const defaults = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const response = await made.wire.send('any', 'createTopics', {
    topics: topics.map((topic) => ({ ...defaults, ...topic })),
    timeoutMs: 1000,
    validateOnly: false,
  })
  return response.topics.map(({ errorCode }) => errorName(errorCode))
}

async function describe1(
  made: Bench,
  name: string,
  allowAutoTopicCreation = false,
): Promise<ResponseOf<'metadata'>['topics'][number]> {
  const response = await made.wire.send('any', 'metadata', {
    topics: [{ topicId: NO_ID, name }],
    allowAutoTopicCreation,
    includeTopicAuthorizedOperations: false,
  })
  return response.topics[0]!
}

async function configsOf(
  made: Bench,
  name: string,
  configurationKeys: string[] | null = null,
): Promise<Map<string, unknown>> {
  const response = await made.wire.send('any', 'describeConfigs', {
    resources: [{ resourceType: 2, resourceName: name, configurationKeys }],
    includeSynonyms: false,
  })
  return new Map(
    response.results[0]!.configs.map(({ name: config, value, configSource }) => [config, [value, configSource]]),
  )
}

describe('CreateTopics', () => {
  it('makes a topic with partitions, leaders on all nodes, and an id', async () => {
    const made = new Bench({ nodes: 3 })
    expect(await create(made, { name: 't', numPartitions: 6 })).toEqual(['NONE'])
    const { topicId, partitions, errorCode } = await describe1(made, 't')
    expect(errorCode).toBe(0)
    expect(topicId).toMatch(/^[0-9a-f]{32}$/)
    expect(partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1, 2, 3, 4, 5])
    expect(partitions.map(({ leaderId }) => leaderId).toSorted()).toEqual([1, 1, 2, 2, 3, 3])
  })

  it.each<[string, Partial<NewTopic>, string]>([
    ['the broker’s partition count and replication factor', { numPartitions: -1, replicationFactor: -1 }, 'NONE'],
    ['no partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
    ['more replicas than nodes', { replicationFactor: 3 }, 'INVALID_REPLICATION_FACTOR'],
    ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    ['a bad name', { name: 'a b' }, 'INVALID_TOPIC_EXCEPTION'],
    ['no name', { name: '' }, 'INVALID_TOPIC_EXCEPTION'],
    ['the name ..', { name: '..' }, 'INVALID_TOPIC_EXCEPTION'],
    ['a name of 250 letters', { name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
    ['a name of 249 letters', { name: 'x'.repeat(249) }, 'NONE'],
    ['a name that differs from another in . and _', { name: 'old.topic' }, 'INVALID_TOPIC_EXCEPTION'],
    ['a name in use', { name: 'old_topic' }, 'TOPIC_ALREADY_EXISTS'],
    ['a name that Kafka uses', { name: '__consumer_offsets' }, 'TOPIC_ALREADY_EXISTS'],
    ['an unknown configuration', { configs: [{ name: 'speed', value: '1' }] }, 'INVALID_CONFIG'],
    ['a policy that does not exist', { configs: [{ name: 'cleanup.policy', value: 'burn' }] }, 'INVALID_CONFIG'],
    ['a number that is none', { configs: [{ name: 'retention.ms', value: 'long' }] }, 'INVALID_CONFIG'],
    ['a number too low', { configs: [{ name: 'retention.ms', value: '-2' }] }, 'INVALID_CONFIG'],
    ['a number too high', { configs: [{ name: 'max.message.bytes', value: '2147483648' }] }, 'INVALID_CONFIG'],
    ['a segment below 1 MiB', { configs: [{ name: 'segment.bytes', value: '1000' }] }, 'INVALID_CONFIG'],
    ['a configuration without value', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
    ['any negative retention in bytes', { configs: [{ name: 'retention.bytes', value: '-5' }] }, 'NONE'],
    ['two policies', { configs: [{ name: 'cleanup.policy', value: 'compact, delete' }] }, 'NONE'],
    [
      'leaders given',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [2] }] },
      'NONE',
    ],
    ['leaders and a count', { assignments: [{ partitionIndex: 0, brokerIds: [2] }] }, 'INVALID_REQUEST'],
    [
      'a leader that does not exist',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [3] }] },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
  ])('with %s: %#', async (_what, topic, error) => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('old_topic')
    expect(await create(made, { name: 'new', ...topic })).toEqual([error])
  })

  it('answers each topic by itself, and a name given twice with an error', async () => {
    const made = new Bench()
    expect(await create(made, { name: 'a' }, { name: 'b' }, { name: 'a' })).toEqual(['INVALID_REQUEST', 'NONE'])
    expect((await describe1(made, 'a')).errorCode).not.toBe(0)
  })

  it('only looks when told to', async () => {
    const made = new Bench()
    const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }]
    const response = await made.wire.send('any', 'createTopics', { topics, timeoutMs: 1000, validateOnly: true })
    expect(response.topics[0]!.errorCode).toBe(0)
    expect(errorName((await describe1(made, 't')).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})

describe('DeleteTopics', () => {
  it('forgets the records; a topic of the same name has another id', async () => {
    const made = new Bench()
    made.cluster.createTopic('t')
    const { topicId } = await describe1(made, 't')
    await made.produce('t', batchOf([['k', 'v']]))
    const response = await made.wire.send('any', 'deleteTopics', { topicNames: ['t', 'nowhere'], timeoutMs: 1000 })
    expect(response.responses).toEqual([
      { name: 't', errorCode: 0 },
      { name: 'nowhere', errorCode: 3 },
    ])
    expect(errorName((await describe1(made, 't')).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    made.cluster.createTopic('t')
    expect((await describe1(made, 't')).topicId).not.toBe(topicId)
    expect(made.cluster.partition('t', 0).logEndOffset).toBe(0)
  })
})

describe('CreatePartitions', () => {
  it.each([
    ['more', 't', 4, 'NONE', 4],
    ['as many', 't', 2, 'INVALID_PARTITIONS', 2],
    ['fewer', 't', 1, 'INVALID_PARTITIONS', 2],
    ['of an unknown topic', 'nowhere', 4, 'UNKNOWN_TOPIC_OR_PARTITION', 2],
  ])('%s', async (_what, name, count, error, partitionCount) => {
    const made = new Bench()
    made.cluster.createTopic('t', { partitions: 2 })
    await made.produce('t', batchOf([['k', 'v']]))
    const response = await made.wire.send('any', 'createPartitions', {
      topics: [{ name, count, assignments: null }],
      timeoutMs: 1000,
      validateOnly: false,
    })
    expect(errorName(response.results[0]!.errorCode)).toBe(error)
    expect((await describe1(made, 't')).partitions).toHaveLength(partitionCount)
    expect(made.texts('t')).toEqual(['0:k=v'])
  })
})

describe('Metadata', () => {
  it('names the nodes, the cluster, and all topics if none is named', async () => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('a')
    made.cluster.createTopic('b')
    const request = { allowAutoTopicCreation: true, includeTopicAuthorizedOperations: false }
    const all = await made.wire.send(2, 'metadata', { topics: null, ...request })
    expect(all).toMatchObject({ clusterId: 'test', brokers: [{ nodeId: 1 }, { nodeId: 2 }] })
    expect(all.topics.map(({ name }) => name)).toEqual(['a', 'b'])
    expect((await made.wire.send(2, 'metadata', { topics: [], ...request })).topics).toEqual([])
  })

  it('finds topics by id', async () => {
    const made = new Bench()
    made.cluster.createTopic('a')
    const { topicId } = await describe1(made, 'a')
    const response = await made.wire.send('any', 'metadata', {
      topics: [topicId, 'f'.repeat(32)].map((id) => ({ topicId: id, name: null })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    })
    expect(response.topics).toMatchObject([
      { name: 'a', errorCode: 0 },
      { name: null, errorCode: 100 },
    ])
  })

  it.each([
    { autoCreateTopics: true, allowed: true, creates: true },
    { autoCreateTopics: true, allowed: false, creates: false },
    { autoCreateTopics: false, allowed: true, creates: false },
  ])(
    'creates topics: $creates, if the cluster may ($autoCreateTopics) and the client lets it ($allowed)',
    async (given) => {
      const made = new Bench({ autoCreateTopics: given.autoCreateTopics })
      expect(errorName((await describe1(made, 't', given.allowed)).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
      expect((await describe1(made, 't')).partitions).toHaveLength(given.creates ? 1 : 0)
      expect(errorName((await describe1(made, 'a b', given.allowed)).errorCode)).toBe('INVALID_TOPIC_EXCEPTION')
    },
  )

  it('follows leaders that move', async () => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t')
    const to = 3 - made.leader('t', 0)
    made.cluster.moveLeader('t', 0, to)
    expect((await describe1(made, 't')).partitions).toMatchObject([{ leaderId: to, leaderEpoch: 1 }])
  })
})

describe('configurations', () => {
  it('are the defaults of Kafka where nothing was set', async () => {
    const made = new Bench()
    made.cluster.createTopic('t', { configs: { 'retention.ms': '-1' } })
    const configs = await configsOf(made, 't')
    expect(Object.fromEntries(configs)).toMatchObject({
      'cleanup.policy': ['delete', 5],
      'retention.ms': ['-1', 1],
      'max.message.bytes': ['1048588', 5],
      'message.timestamp.after.max.ms': ['3600000', 5],
      'message.timestamp.type': ['CreateTime', 5],
      'delete.retention.ms': ['86400000', 5],
      'segment.bytes': ['1073741824', 5],
    })
    expect([...(await configsOf(made, 't', ['retention.ms', 'nothing'])).keys()]).toEqual(['retention.ms'])
    expect((await configsOf(made, 't', [])).size).toBe(configs.size)
  })

  it.each<[string, Alteration[], string, string]>([
    ['sets', [{ name: 'cleanup.policy', configOperation: SET, value: 'compact' }], 'NONE', 'compact'],
    ['resets', [{ name: 'cleanup.policy', configOperation: DELETE, value: null }], 'NONE', 'delete'],
    ['extends', [{ name: 'cleanup.policy', configOperation: APPEND, value: 'compact' }], 'NONE', 'delete,compact'],
    ['reduces', [{ name: 'cleanup.policy', configOperation: SUBTRACT, value: 'delete' }], 'NONE', ''],
    ['refuses null', [{ name: 'cleanup.policy', configOperation: SET, value: null }], 'INVALID_REQUEST', 'delete'],
    [
      'refuses a bad value',
      [{ name: 'cleanup.policy', configOperation: SET, value: 'burn' }],
      'INVALID_CONFIG',
      'delete',
    ],
    [
      'refuses to extend a number',
      [{ name: 'retention.ms', configOperation: APPEND, value: '1' }],
      'INVALID_CONFIG',
      'delete',
    ],
    [
      'refuses one key twice',
      [
        { name: 'cleanup.policy', configOperation: SET, value: 'compact' },
        { name: 'cleanup.policy', configOperation: SET, value: 'compact' },
      ],
      'INVALID_REQUEST',
      'delete',
    ],
    [
      'changes all or nothing',
      [
        { name: 'cleanup.policy', configOperation: SET, value: 'compact' },
        { name: 'retention.ms', configOperation: SET, value: 'x' },
      ],
      'INVALID_CONFIG',
      'delete',
    ],
  ])('IncrementalAlterConfigs %s', async (_what, configs, error, policy) => {
    const made = new Bench()
    made.cluster.createTopic('t', { configs: { 'cleanup.policy': 'delete', 'retention.ms': '5' } })
    const response = await made.wire.send('any', 'incrementalAlterConfigs', {
      resources: [{ resourceType: 2, resourceName: 't', configs }],
      validateOnly: false,
    })
    expect(errorName(response.responses[0]!.errorCode)).toBe(error)
    const after = await configsOf(made, 't')
    expect(after.get('cleanup.policy')).toMatchObject([policy, expect.any(Number)])
    expect(after.get('retention.ms')).toEqual(['5', 1])
  })

  it('take effect at once', async () => {
    const made = new Bench()
    made.cluster.createTopic('t')
    const alter = {
      resourceType: 2,
      resourceName: 't',
      configs: [{ name: 'max.message.bytes', configOperation: SET, value: '10' }],
    }
    await made.wire.send('any', 'incrementalAlterConfigs', { resources: [alter], validateOnly: true })
    expect((await made.produce('t', batchOf([['k', 'v']]))).errorCode).toBe(0)
    await made.wire.send('any', 'incrementalAlterConfigs', { resources: [alter], validateOnly: false })
    expect(errorName((await made.produce('t', batchOf([['k', 'v']]))).errorCode)).toBe('MESSAGE_TOO_LARGE')
  })

  it.each([
    [2, 'nowhere', 'UNKNOWN_TOPIC_OR_PARTITION'],
    [4, '9', 'INVALID_REQUEST'],
  ])('of resource type %d, name %s are refused', async (resourceType, resourceName, error) => {
    const { wire } = new Bench()
    const describe = { resources: [{ resourceType, resourceName, configurationKeys: null }], includeSynonyms: false }
    expect(errorName((await wire.send('any', 'describeConfigs', describe)).results[0]!.errorCode)).toBe(error)
    const alter = { resources: [{ resourceType, resourceName, configs: [] }], validateOnly: false }
    expect(errorName((await wire.send('any', 'incrementalAlterConfigs', alter)).responses[0]!.errorCode)).toBe(error)
  })
})

describe('DeleteRecords', () => {
  it.each([
    ['an offset within a batch', { 'cleanup.policy': 'delete' }, 1, 'NONE', 1],
    ['everything', { 'cleanup.policy': 'delete' }, -1, 'NONE', 3],
    ['what is gone already', { 'cleanup.policy': 'delete' }, 0, 'NONE', 0],
    ['beyond the end', { 'cleanup.policy': 'delete' }, 4, 'OFFSET_OUT_OF_RANGE', -1],
    ['a negative offset', { 'cleanup.policy': 'delete' }, -2, 'OFFSET_OUT_OF_RANGE', -1],
    ['a compacted topic', { 'cleanup.policy': 'compact' }, 1, 'POLICY_VIOLATION', -1],
    ['a topic that is compacted and deleted', { 'cleanup.policy': 'compact,delete' }, 1, 'NONE', 1],
  ])('up to %s', async (_what, configs, offset, error, lowWatermark) => {
    const made = new Bench()
    made.cluster.createTopic('t', { configs })
    await made.produce(
      't',
      batchOf([
        ['a', '0'],
        ['b', '1'],
      ]),
    )
    await made.produce('t', batchOf([['c', '2']]))
    const response = await made.wire.send(1, 'deleteRecords', {
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 0, offset },
            { partitionIndex: 1, offset },
          ],
        },
      ],
      timeoutMs: 1000,
    })
    const [first, second] = response.topics[0]!.partitions
    expect([errorName(first!.errorCode), first!.lowWatermark]).toEqual([error, lowWatermark])
    expect(errorName(second!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(made.texts('t')).toEqual(['0:a=0', '1:b=1', '2:c=2'].slice(Math.max(0, lowWatermark)))
    expect(made.cluster.partition('t', 0)).toMatchObject({ logStartOffset: Math.max(0, lowWatermark), logEndOffset: 3 })
  })

  it('goes to the leader', async () => {
    const made = new Bench({ nodes: 2 })
    made.cluster.createTopic('t')
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: -1 }] }]
    const response = await made.wire.send(3 - made.leader('t', 0), 'deleteRecords', { topics, timeoutMs: 1000 })
    expect(errorName(response.topics[0]!.partitions[0]!.errorCode)).toBe('NOT_LEADER_OR_FOLLOWER')
  })
})

describe('the cluster as tests use it', () => {
  it.each([
    ['a topic that exists', (made: Bench) => made.cluster.createTopic('t'), 'TOPIC_ALREADY_EXISTS'],
    ['a topic with a bad name', (made: Bench) => made.cluster.createTopic('a b'), 'INVALID_TOPIC_EXCEPTION'],
    [
      'a topic without partitions',
      (made: Bench) => made.cluster.createTopic('u', { partitions: 0 }),
      'INVALID_PARTITIONS',
    ],
    [
      'a topic with a bad config',
      (made: Bench) => made.cluster.createTopic('u', { configs: { speed: '1' } }),
      'INVALID_CONFIG',
    ],
    ['fewer partitions', (made: Bench) => made.cluster.createPartitions('t', 1), 'INVALID_PARTITIONS'],
    ['a topic that does not exist', (made: Bench) => made.cluster.compact('nowhere'), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a partition that does not exist', (made: Bench) => made.cluster.records('t', 5), 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an offset beyond the end', (made: Bench) => made.cluster.deleteRecordsBefore('t', 0, 1), 'OFFSET_OUT_OF_RANGE'],
    ['a node that does not exist', (made: Bench) => made.cluster.moveLeader('t', 0, 2), 'BROKER_NOT_AVAILABLE'],
  ])('refuses %s', (_what, action, error) => {
    const made = new Bench()
    made.cluster.createTopic('t')
    expect(() => action(made)).toThrow(expect.objectContaining({ code: 'STREAMS_BROKER_RESPONSE', errorName: error }))
  })

  it.each([
    { nodes: 0 },
    { latencyMs: -1 },
    { defaultReplicationFactor: 0 },
    { transactionLogReplicationFactor: Number.NaN },
  ])('refuses the options %j', (options) => {
    expect(() => memoryCluster(options)).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_CONFIG' }))
  })

  it('adds partitions', () => {
    const made = new Bench()
    made.cluster.createTopic('t')
    made.cluster.createPartitions('t', 3)
    expect(made.cluster.partition('t', 2).logEndOffset).toBe(0)
  })

  it('has an id of its own, and so have its topics', async () => {
    const ids = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const cluster = memoryCluster()
      ids.add(cluster.clusterId)
    }
    expect(ids.size).toBe(3)
  })
})
