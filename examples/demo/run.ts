// One run of the demo, from an empty cluster to the result.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Client,
  kafkaCluster,
  type MemoryCluster,
  memoryCluster,
  silentLogger,
  systemClock,
} from '../../lib/index.ts'
import { Board } from './board.ts'
import { createTopics, deleteTopics, flightsIn, PARTITIONS, producedBefore } from './cluster.ts'
import { DelaysReader } from './delays-reader.ts'
import { FlightProducer } from './flight-producer.ts'
import { flightAt, readAirports, readFlights } from './flights.ts'
import { Instances } from './instances.ts'
import { HOLD_AT, killAndReturn } from './kill-story.ts'
import type { DemoOptions } from './options.ts'
import { Rate } from './rate.ts'
import { differences, type RunResult, ranked } from './result.ts'
import type { Show } from './show.ts'
import type { Snapshot } from './snapshot.ts'
import { count } from './text.ts'
import { topicsOf } from './topology.ts'
import { until } from './wait.ts'

const APPLICATION_ID = 'millrace-demo'
/** Sub-topologies of the demo's topology: before and after the repartition topic. */
const STAGES = 2
const TAKE_MS = 50

/** @throws What an instance has failed with; what the signal was aborted with. */
export async function run(options: DemoOptions, show: Show, interrupted: AbortSignal): Promise<RunResult> {
  const failure = new AbortController()
  const signal = AbortSignal.any([interrupted, failure.signal])
  // Several instances on a Kafka get topics of their own: their story needs all flights to be new.
  const isOwnRun = options.brokers !== undefined && options.instances > 1
  const applicationId = isOwnRun ? `${APPLICATION_ID}-${systemClock.now().toString(36)}` : APPLICATION_ID
  const topics = topicsOf(applicationId)
  const embedded = options.brokers === undefined ? memoryCluster() : undefined
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'millrace-demo-'))
  const client = connect(embedded, options.brokers)
  const board = new Board((event) => show.event(event))
  const instances = new Instances(options, {
    applicationId,
    stateDir,
    cluster: embedded,
    board,
    onFailed: (error) => failure.abort(error),
  })
  const flights = readFlights()
  const names = readAirports()
  const flight = (index: number) => flightAt(flights, index)
  const rate = new Rate()
  let reader: DelaysReader | undefined
  let producer: FlightProducer | undefined
  let total = options.records
  let takeTimer: NodeJS.Timeout | undefined

  const snapshot = (): Snapshot => {
    const airports = ranked(reader?.latest ?? new Map(), names)
    return {
      cluster: embedded === undefined ? `Kafka at ${options.brokers!.join(', ')}` : 'a cluster inside this process',
      seconds: board.seconds,
      partitions: PARTITIONS,
      total,
      produced: producer?.produced ?? 0,
      counted: reader?.counted ?? 0,
      rate: rate.perSecond,
      commits: board.commits,
      results: reader?.read ?? 0,
      notRisen: reader?.notRisen.length ?? 0,
      instances: board.instances,
      airportCount: airports.length,
      airports,
      events: board.events,
    }
  }
  show.open(snapshot)
  try {
    await createTopics(client, topics)
    const before = await producedBefore(client, topics)
    const earlier = before.reduce((sum, length) => sum + length, 0)
    total = Math.max(total, flightsIn(before))
    if (earlier > 0) board.event(`${count(earlier)} flights were produced by earlier runs`)

    await instances.start(signal, PARTITIONS * STAGES)
    if (earlier > 0)
      board.event(`${count(restoredBy(board))} changelog records had to be restored; the rest was on disk`)
    const startedMs = performance.now()
    const reading = new DelaysReader(client, topics)
    reader = reading
    producer = new FlightProducer({
      client,
      topics,
      flight,
      total,
      before,
      rate: options.rate,
      counted: () => reading.counted,
    })
    takeTimer = setInterval(() => {
      reading.take()
      rate.add(performance.now(), reading.counted)
    }, TAKE_MS)
    const producing = producer.run(signal)
    producing.catch((error: unknown) => failure.abort(error))
    if (options.instances > 1) {
      producer.holdAt(Math.floor(HOLD_AT * total))
      await killAndReturn({
        board,
        instances: instances.processes,
        taskCount: PARTITIONS * STAGES,
        signal,
        counted: () => reading.counted / total,
      })
      producer.release()
    }
    await producing
    await until('all flights are counted', () => reading.counted >= total, { signal, progress: () => reading.counted })
    const seconds = (performance.now() - startedMs) / 1_000
    await instances.close()
    reading.take()
    return {
      flights: total - earlier,
      seconds,
      commits: board.commits,
      airports: ranked(reading.latest, names),
      results: reading.read,
      notRisen: reading.notRisen,
      events: board.events,
      wrong: differences(reading.latest, total, flight),
    }
  } finally {
    clearInterval(takeTimer)
    await instances.end()
    await reader?.close()
    if (isOwnRun) await deleteTopics(client, applicationId, topics).catch(() => {})
    await client.close()
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true })
  }
}

function connect(embedded: MemoryCluster | undefined, brokers: readonly string[] | undefined): Client {
  const supplier = embedded ?? kafkaCluster({ brokers: brokers! })
  return supplier.connect({ clientId: 'demo', clock: systemClock, logger: silentLogger, requestTimeoutMs: 30_000 })
}

function restoredBy(board: Board): number {
  return board.instances.reduce((sum, { restored }) => sum + restored, 0)
}
