// A word count, exactly once, while the network is bad in every way that a seed brings. MILLRACE_SEED repeats a run's weather; MILLRACE_STORM_MS is
// how long it lasts.
import { sleep, systemClock } from '../lib/core/clock.ts'
import { describeWithBroker } from './broker/describe.ts'
import { BadWeather } from './support/bad-weather.ts'
import type { TestCluster } from './support/cluster.ts'
import { ProxiedBroker } from './support/proxied-broker.ts'
import { realText } from './support/text.ts'
import { WordCountInstance } from './support/word-count-instance.ts'

const SEED = Number(process.env.MILLRACE_SEED ?? 1)
const STORM_MS = Number(process.env.MILLRACE_STORM_MS ?? 6_000)
const CHANGE_MS = 150
const PORTIONS = 12

const lines = realText(200_000)
const portion = (i: number) =>
  lines.slice(Math.floor((i * lines.length) / PORTIONS), Math.floor(((i + 1) * lines.length) / PORTIONS))

describeWithBroker('a word count, exactly once, on a bad network', () => {
  let proxied: ProxiedBroker
  let cluster: TestCluster
  beforeAll(async () => {
    proxied = await ProxiedBroker.start()
    cluster = proxied.cluster()
  }, 60_000)
  afterAll(async () => {
    await cluster?.close()
    await proxied?.close()
  })

  it(
    `counts every word once (seed ${SEED})`,
    async () => {
      const { proxy } = proxied
      const instance = await WordCountInstance.start(cluster, { requestTimeoutMs: 5_000 })
      try {
        const weather = new BadWeather(proxy, SEED, CHANGE_MS)
        weather.start()
        const untilMs = systemClock.monotonicMs() + STORM_MS
        for (let i = 0; i < PORTIONS || systemClock.monotonicMs() < untilMs; i++) {
          await instance.produce(portion(i % PORTIONS))
          await sleep(systemClock, STORM_MS / PORTIONS)
        }
        await weather.stop()
        const { counts } = proxy
        expect(new Set(weather.kinds).size).toBeGreaterThan(5)
        for (const count of [counts.cut, counts.halfClosed, counts.delayedChunks, counts.throttledPieces]) {
          expect(count).toBeGreaterThan(0)
        }
        await instance.expectExact()
        expect(instance.streams.state).toBe('RUNNING')
      } finally {
        await instance.close()
      }
    },
    STORM_MS + 120_000,
  )
})
