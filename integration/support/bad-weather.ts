// A network that is bad in changing ways, for as long as a test wants it. The same seed gives the same sequence.

import type { ApiName } from '../../lib/client/protocol/apis.ts'
import { sleep, systemClock } from '../../lib/core/clock.ts'
import type { Fate, FaultProxy } from '../fault-proxy.ts'
import { seededRandom } from './random.ts'

const APIS: readonly ApiName[] = [
  'produce',
  'fetch',
  'metadata',
  'findCoordinator',
  'heartbeat',
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'txnOffsetCommit',
  'endTxn',
]
const FATES: readonly Fate[] = ['lose-request', 'lose-response']
const MAX_CUT_AFTER_BYTES = 5_000

/** What the weather may be; `random` gives numbers in [0, 1). */
const KINDS: Readonly<Record<string, (proxy: FaultProxy, random: () => number) => void>> = {
  reset: (proxy) => void proxy.cutAll('reset'),
  end: (proxy) => void proxy.cutAll('fin'),
  halfClose: (proxy, random) => void proxy.halfCloseAll(random() < 0.5 ? 'client' : 'broker'),
  delay: (proxy, random) =>
    proxy.worsen({ toBroker: { delayMs: 30 * random() }, toClient: { delayMs: 30 * random() } }),
  throttle: (proxy, random) => {
    const bytesPerSecond = 100_000 + 400_000 * random()
    proxy.worsen({ toBroker: { bytesPerSecond }, toClient: { bytesPerSecond } })
  },
  cutToBroker: (proxy, random) =>
    proxy.worsen({ toBroker: { cutAfterBytes: 1 + Math.floor(MAX_CUT_AFTER_BYTES * random()) } }),
  cutToClient: (proxy, random) =>
    proxy.worsen({ toClient: { cutAfterBytes: 1 + Math.floor(MAX_CUT_AFTER_BYTES * random()) } }),
  lose: (proxy, random) => {
    const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!
    proxy.rule({ api: one(APIS), fate: one(FATES) })
  },
  calm: () => {},
}

export class BadWeather {
  /** What there was, in order. */
  readonly kinds: string[] = []
  readonly #proxy: FaultProxy
  readonly #random: () => number
  readonly #everyMs: number
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(proxy: FaultProxy, seed: number, everyMs: number) {
    this.#proxy = proxy
    this.#random = seededRandom(seed)
    this.#everyMs = everyMs
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Resolves when the network is well again. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    this.#proxy.heal()
  }

  async #run(): Promise<void> {
    const names = Object.keys(KINDS)
    while (!this.#stopping) {
      this.#proxy.heal()
      const kind = names[Math.floor(this.#random() * names.length)]!
      this.kinds.push(kind)
      KINDS[kind]!(this.#proxy, this.#random)
      await sleep(systemClock, this.#everyMs * (0.5 + this.#random()))
    }
  }
}
