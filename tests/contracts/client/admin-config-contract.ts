// What an admin owes its user about configurations, of topics and of brokers.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Admin, ConfigChange, ConfigResource } from '../../../lib/client/client.ts'
import { wireClient } from '../../../lib/client/wire-client.ts'
import { failure } from './admin-support.ts'
import { type ClusterHarness, contextFor, freshName, until } from './harness.ts'

/** Of little consequence for a broker that other tests use as well. */
const BACK_OFF = 'log.cleaner.backoff.ms'

export function adminConfigContract(open: () => Promise<ClusterHarness>): void {
  describe('configurations', () => {
    let harness: ClusterHarness
    let admin: Admin
    let broker: ConfigResource

    beforeAll(async () => {
      harness = await open()
      admin = harness.admin
      broker = { broker: (await admin.describeCluster()).nodes[0]!.nodeId }
    })
    afterAll(() => harness.close())

    const configOf = async (resource: ConfigResource, name: string) => (await admin.describeConfigs(resource)).get(name)
    const becomes = (resource: ConfigResource, name: string, value: string | null) =>
      until(`${name} is ${value}`, async () => (await configOf(resource, name)) === value)

    it('changes single settings and resets them', async () => {
      const topic = await harness.topic({ configs: { 'retention.ms': '5000', 'segment.ms': '60000' } })
      const settings = async () => {
        const configs = await admin.describeConfigs(topic)
        return [configs.get('retention.ms'), configs.get('segment.ms'), configs.get('max.message.bytes')]
      }

      await admin.alterConfigs(topic, { 'retention.ms': '7000', 'max.message.bytes': '9000' })
      await becomes(topic, 'retention.ms', '7000')
      expect(await settings()).toEqual(['7000', '60000', '9000'])

      await admin.alterConfigs(topic, { 'max.message.bytes': null })
      await becomes(topic, 'max.message.bytes', '1048588')
      expect(await settings()).toEqual(['7000', '60000', '1048588'])
    })

    it('tells apart what was set from what holds anyway', async () => {
      const topic = await harness.topic({ configs: { 'retention.ms': '5000', 'segment.ms': '604800000' } })
      const set = await admin.describeConfigs(topic, { onlySet: true })
      // Also what was set to its default.
      expect([...set].sort()).toEqual([
        ['retention.ms', '5000'],
        ['segment.ms', '604800000'],
      ])
      expect((await admin.describeConfigs(topic)).size).toBeGreaterThan(20)
    })

    it('adds to lists and takes from them, again and again to the same effect', async () => {
      const topic = await harness.topic({ configs: { 'cleanup.policy': 'delete' } })
      await admin.alterConfigs(topic, { 'cleanup.policy': { append: ['compact'] } })
      await admin.alterConfigs(topic, { 'cleanup.policy': { append: ['compact', 'delete'] } })
      await becomes(topic, 'cleanup.policy', 'delete,compact')
      await admin.alterConfigs(topic, { 'cleanup.policy': { subtract: ['delete'] } })
      await admin.alterConfigs(topic, { 'cleanup.policy': { subtract: ['delete'] } })
      await becomes(topic, 'cleanup.policy', 'compact')
    })

    it.each<{ what: string; changes: Record<string, ConfigChange>; said: readonly string[] }>([
      { what: 'a wrong value', changes: { 'retention.ms': 'soon' }, said: ['retention.ms', 'soon'] },
      { what: 'an unknown name', changes: { 'retention.hours': '1' }, said: ['retention.hours', '1'] },
      { what: 'a value beyond its bounds', changes: { 'segment.bytes': '1' }, said: ['segment.bytes', '1'] },
      {
        what: 'a list of nonsense',
        changes: { 'cleanup.policy': { append: ['burn'] } },
        said: ['cleanup.policy', 'burn'],
      },
      {
        what: 'a list operation elsewhere',
        changes: { 'retention.ms': { append: ['5'] } },
        said: ['retention.ms', '5'],
      },
    ])('refuses $what for a topic, naming topic, setting and value, and changes nothing', async ({ changes, said }) => {
      const topic = await harness.topic({ configs: { 'max.message.bytes': '5000' } })
      const bad = await failure(() => admin.alterConfigs(topic, { 'max.message.bytes': '6000', ...changes }))

      expect([bad.code, bad.errorName]).toEqual(['STREAMS_BROKER_RESPONSE', 'INVALID_CONFIG'])
      for (const part of [topic, ...said]) expect(bad.message).toContain(part)
      expect(await configOf(topic, 'max.message.bytes')).toBe('5000')
    })

    it('changes nothing when nothing is asked for', async () => {
      await admin.alterConfigs(freshName('missing'), {})
      const nothing = await failure(() =>
        admin.alterConfigs(freshName('missing'), { 'cleanup.policy': { append: [] } }),
      )
      expect(nothing.code).toBe('STREAMS_INVALID_ARGUMENT')
    })

    it('sets a broker apart from the others, and brokers from their defaults', async () => {
      try {
        await admin.alterConfigs({ broker: 'all' }, { [BACK_OFF]: '14000' })
        await becomes(broker, BACK_OFF, '14000')
        await admin.alterConfigs(broker, { [BACK_OFF]: '13000' })
        await becomes(broker, BACK_OFF, '13000')

        expect((await admin.describeConfigs(broker, { onlySet: true })).get(BACK_OFF)).toBe('13000')
        expect((await admin.describeConfigs({ broker: 'all' })).get(BACK_OFF)).toBe('14000')
        await admin.alterConfigs(broker, { [BACK_OFF]: null })
        await becomes(broker, BACK_OFF, '14000')
      } finally {
        await admin.alterConfigs(broker, { [BACK_OFF]: null })
        await admin.alterConfigs({ broker: 'all' }, { [BACK_OFF]: null })
      }
      await becomes(broker, BACK_OFF, '15000')
      expect((await admin.describeConfigs({ broker: 'all' })).has(BACK_OFF)).toBe(false)
    })

    it('never shows a secret', async () => {
      // A name that brokers do not know is kept for plug-ins, and may be a secret.
      const name = 'listener.name.contract.ssl.keystore.password'
      try {
        await admin.alterConfigs(broker, { [name]: 'hunter2' })
        await becomes(broker, name, null)
      } finally {
        await admin.alterConfigs(broker, { [name]: null })
      }
      const described = await admin.describeConfigs(broker)
      expect(described.get('ssl.keystore.password')).toBeNull()
      const refused = await failure(() => admin.alterConfigs(broker, { [BACK_OFF]: 'soon', [name]: 'hunter2' }))
      expect(refused.message).not.toContain('hunter2')
    })

    it.each<{ what: string; changes: Record<string, ConfigChange>; said: readonly string[] }>([
      { what: 'a wrong value', changes: { [BACK_OFF]: 'soon' }, said: [BACK_OFF, 'soon'] },
      { what: 'what needs a restart', changes: { 'process.roles': 'broker' }, said: ['process.roles'] },
      { what: 'a list operation elsewhere', changes: { [BACK_OFF]: { append: ['5'] } }, said: [BACK_OFF] },
    ])('refuses $what for a broker, naming broker and setting', async ({ changes, said }) => {
      const bad = await failure(() => admin.alterConfigs(broker, changes))
      expect(bad.code).toBe('STREAMS_BROKER_RESPONSE')
      for (const part of [`broker ${(broker as { broker: number }).broker}`, ...said]) {
        expect(bad.message).toContain(part)
      }
    })

    it('says which topic or broker is not there', async () => {
      const missing = freshName('missing')
      const impatient = wireClient(harness.wires, contextFor('impatient', 1_000))
      const [described, altered, broker, setBroker] = await Promise.all([
        failure(() => impatient.admin.describeConfigs(missing)),
        failure(() => impatient.admin.alterConfigs(missing, { 'retention.ms': '1' })),
        failure(() => impatient.admin.describeConfigs({ broker: 77 })),
        failure(() => impatient.admin.alterConfigs({ broker: 77 }, { [BACK_OFF]: '1' })),
      ])
      for (const error of [described, altered]) {
        expect([error.code, error.message]).toEqual(['STREAMS_UNKNOWN_TOPIC', expect.stringContaining(missing)])
      }
      for (const error of [broker, setBroker]) {
        expect([error.errorName, error.message]).toEqual([
          'BROKER_ID_NOT_REGISTERED',
          expect.stringContaining('Broker 77'),
        ])
      }
      await impatient.close()
    })
  })
}
