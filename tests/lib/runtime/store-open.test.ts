// When a store is told to read its rows: each time that its task starts, when they are all there, and before anybody asks the store.
import { type Exchange, errorResponse } from '../../../lib/client/memory/index.ts'
import { errorCodes } from '../../../lib/client/protocol/error-codes.ts'
import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import type { KeyValueStore, StoreBuilder } from '../../../stores/store.ts'
import { stores } from '../../../stores/stores.ts'
import { Topology } from '../../../topology/topology.ts'
import { TestApp } from '../../support/test-app.ts'
import { until } from '../../support/until.ts'

const strings = { key: serdes.string(), value: serdes.string() }

/** A store that writes down what becomes of it; `open` takes its time. */
function watched(events: string[]): StoreBuilder<KeyValueStore<string, string>> {
  const builder = stores.keyValue('seen', strings)
  return {
    ...builder,
    build(context) {
      const store = builder.build(context)
      return Object.assign(store, {
        open: async () => {
          await new Promise((resolve) => setImmediate(resolve))
          events.push(`open: a=${store.get('a')}`)
        },
      })
    },
  }
}

/** Keeps the last value of each key. */
function topology(events: string[]): Topology {
  return new Topology()
    .addSource('in', { topics: 'in', ...strings })
    .addProcessor<string, string, string, string>('keep', {
      parents: 'in',
      stores: [watched(events)],
      create: (context) => {
        events.push('init')
        const store = context.store<KeyValueStore<string, string>>('seen')
        return { process: ({ key, value }) => store.put(key, value) }
      },
    })
}

describe('the open() of a store', () => {
  it('comes before the processors of the test driver', async () => {
    const events: string[] = []
    await using driver = new TopologyTestDriver(topology(events))
    await driver.createInputTopic('in', strings).pipeInput({ key: 'a', value: '1' })

    expect(events).toEqual(['open: a=undefined', 'init'])
  })

  describe('of an application', () => {
    let app: TestApp
    beforeEach(() => {
      app = new TestApp().topics({ in: 1 })
    })
    afterEach(() => app.close())

    it('comes after the restore, on an empty disk, too', async () => {
      const first = await app.start(topology([]), 'first')
      await app.produce('in', { key: 'a', value: '1' })
      await app.caughtUp('in')
      await first.close()
      const events: string[] = []
      const second = await app.start(topology(events), 'second')

      expect(second.restored).toMatchObject([{ store: 'seen', records: 1 }])
      expect(events).toEqual(['open: a=1', 'init'])
    })

    it('comes anew when the task starts over after an abort, without what was aborted', async () => {
      const events: string[] = []
      const instance = await app.start(topology(events))
      await app.produce('in', { key: 'a', value: '1' })
      await app.caughtUp('in')
      let faults = 0
      app.cluster.intercept((exchange: Exchange) => {
        if (exchange.api !== 'endTxn' || faults > 0) return undefined
        faults++
        return { answer: errorResponse(exchange, errorCodes.INVALID_TXN_STATE) }
      })
      await app.produce('in', { key: 'a', value: '2' })
      await until('the task has started over', () => events.length >= 4)
      await app.caughtUp('in')

      expect(faults).toBe(1)
      expect(instance.logged('start over')).toBeDefined()
      expect(events).toEqual(['open: a=undefined', 'init', 'open: a=1', 'init'])
    })
  })
})
