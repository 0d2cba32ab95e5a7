// One run of the demo, from an empty cluster to the result.
import { Board } from './board.ts'
import { createTopics, flightsIn, PARTITIONS, producedBefore } from './cluster.ts'
import { DelaysReader } from './delays-reader.ts'
import { FlightProducer } from './flight-producer.ts'
import { flightAt, readAirports, readFlights } from './flights.ts'
import { Instances } from './instances.ts'
import { HOLD_AT, killAndReturn } from './kill-story.ts'
import type { DemoOptions } from './options.ts'
import { Rate } from './rate.ts'
import { differences, type RunResult, ranked } from './result.ts'
import type { Setting } from './setting.ts'
import type { EventSnapshot, Snapshot } from './snapshot.ts'
import { count } from './text.ts'
import { until } from './wait.ts'

/** Sub-topologies of the demo's topology: before and after the repartition topic. */
const STAGES = 2
const TASKS = PARTITIONS * STAGES
const TAKE_MS = 50

export class Run {
  readonly #options: DemoOptions
  readonly #setting: Setting
  readonly #board: Board
  readonly #instances: Instances
  readonly #failure = new AbortController()
  readonly #signal: AbortSignal
  readonly #flights = readFlights()
  readonly #airports = readAirports()
  readonly #rate = new Rate()
  #total: number
  #reader: DelaysReader | undefined
  #producer: FlightProducer | undefined
  #taking: NodeJS.Timeout | undefined

  constructor(
    options: DemoOptions,
    setting: Setting,
    interrupted: AbortSignal,
    onEvent: (event: EventSnapshot) => void,
  ) {
    this.#options = options
    this.#setting = setting
    this.#total = options.records
    this.#board = new Board(onEvent)
    this.#signal = AbortSignal.any([interrupted, this.#failure.signal])
    this.#instances = new Instances(options, setting, this.#board, (error) => this.#failure.abort(error))
  }

  snapshot(): Snapshot {
    const airports = ranked(this.#reader?.latest ?? new Map(), this.#airports)
    return {
      cluster: this.#setting.cluster,
      guarantee: this.#options.guarantee,
      seconds: this.#board.seconds,
      partitions: PARTITIONS,
      total: this.#total,
      produced: this.#producer?.produced ?? 0,
      counted: this.#reader?.counted ?? 0,
      rate: this.#rate.perSecond,
      commits: this.#board.commits,
      results: this.#reader?.read ?? 0,
      notRisen: this.#reader?.notRisen.length ?? 0,
      instances: this.#board.instances,
      airportCount: airports.length,
      airports,
      events: this.#board.events,
    }
  }

  /** @throws What an instance has failed with; what the run was interrupted with. */
  async result(): Promise<RunResult> {
    const ended = Promise.withResolvers<never>()
    const end = () => ended.reject(this.#signal.reason)
    this.#signal.addEventListener('abort', end)
    try {
      return await Promise.race([this.#run(), ended.promise])
    } finally {
      this.#signal.removeEventListener('abort', end)
      clearInterval(this.#taking)
      await this.#instances.end()
      await this.#reader?.close()
    }
  }

  async #run(): Promise<RunResult> {
    const { client, topics } = this.#setting
    await createTopics(client, topics)
    const before = await producedBefore(client, topics)
    const earlier = before.reduce((sum, length) => sum + length, 0)
    this.#total = Math.max(this.#total, flightsIn(before))
    if (earlier > 0) this.#board.event(`${count(earlier)} flights were produced by earlier runs`)

    await this.#instances.start(this.#signal, TASKS)
    const restored = this.#board.instances.reduce((sum, instance) => sum + instance.restored, 0)
    if (earlier > 0) this.#board.event(`${count(restored)} changelog records had to be restored; the rest was on disk`)

    const startedMs = performance.now()
    const reader = this.#read()
    await this.#produce(before, reader)
    await until('all flights are counted', () => reader.counted >= this.#total, {
      signal: this.#signal,
      progress: () => reader.counted,
    })
    const seconds = (performance.now() - startedMs) / 1_000
    await this.#instances.close()
    reader.take()
    return {
      flights: this.#total - earlier,
      seconds,
      commits: this.#board.commits,
      airports: ranked(reader.latest, this.#airports),
      results: reader.read,
      wrong: differences(reader.latest, this.#total, (index) => flightAt(this.#flights, index)),
      notRisen: reader.notRisen,
      events: this.#board.events,
    }
  }

  #read(): DelaysReader {
    const reader = new DelaysReader(this.#setting.client, this.#setting.topics)
    this.#reader = reader
    this.#taking = setInterval(() => {
      reader.take()
      this.#rate.add(performance.now(), reader.counted)
    }, TAKE_MS)
    return reader
  }

  // With several instances one is killed meanwhile.
  async #produce(before: readonly number[], reader: DelaysReader): Promise<void> {
    const producer = new FlightProducer({
      client: this.#setting.client,
      topics: this.#setting.topics,
      flight: (index) => flightAt(this.#flights, index),
      total: this.#total,
      before,
      rate: this.#options.rate,
      counted: () => reader.counted,
    })
    this.#producer = producer
    if (this.#options.instances > 1) producer.holdAt(Math.floor(HOLD_AT * this.#total))
    const producing = producer.run(this.#signal)
    producing.catch((error: unknown) => this.#failure.abort(error))
    if (this.#options.instances > 1) {
      await killAndReturn({
        board: this.#board,
        instances: this.#instances.processes,
        taskCount: TASKS,
        sessionMs: this.#setting.sessionMs,
        signal: this.#signal,
        counted: () => reader.counted / this.#total,
      })
      producer.release()
    }
    await producing
  }
}
