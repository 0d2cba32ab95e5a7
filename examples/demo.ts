// Real flights through a real topology: number and mean delay of flights by airport, exactly once.
//
//   npm run demo                                                          on a cluster inside this process, with a fresh state folder
//   npm run demo -- --brokers localhost:9092 [--state-dir DIR]            the same topology on Kafka; run again, it goes on where it was
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaStreams, kafkaCluster, memoryCluster, silentLogger, systemClock } from '../lib/index.ts'
import { createTopics, DelaysReader, notProduced, produce } from './demo/cluster.ts'
import { readAirports, readFlights } from './demo/flights.ts'
import { addFlight, airportDelays, type Delays } from './demo/topology.ts'

const CHUNK = 500
const PROGRESS_MS = 250
const SHOWN_AIRPORTS = 15

const { values } = parseArgs({ options: { brokers: { type: 'string' }, 'state-dir': { type: 'string' } } })
const embedded = values.brokers === undefined
const stateDir =
  values['state-dir'] ?? (embedded ? mkdtempSync(join(tmpdir(), 'millrace-demo-')) : join(tmpdir(), 'millrace-demo'))

const supplier = embedded ? memoryCluster() : kafkaCluster({ brokers: values.brokers!.split(',') })
const client = supplier.connect({
  clientId: 'demo',
  clock: systemClock,
  logger: silentLogger,
  requestTimeoutMs: 30_000,
})
const streams = new KafkaStreams(airportDelays(), { applicationId: 'millrace-demo', client: supplier, stateDir })

console.log(embedded ? 'cluster: inside this process' : `cluster: ${values.brokers}`, `  state: ${stateDir}`)
const all = readFlights()
await createTopics(client)
const waiting = await notProduced(client, all)
console.log(`${all.length} flights of 2001; ${all.length - waiting.length} of them produced by earlier runs`)

streams.on('restored', ({ store, partition, records, ms }) =>
  console.log(`store '${store}' ${partition}: ${records} records restored in ${ms} ms`),
)
streams.on('state', ({ to }) => console.log(`instance ${to}`))
await streams.start()

const reader = new DelaysReader(client)
const startedMs = performance.now()
let shownMs = startedMs
const producing = produce(client, waiting, CHUNK)
for (let counted = 0; counted < all.length; ) {
  const latest = reader.latest()
  counted = [...latest.values()].reduce((sum, { flights }) => sum + flights, 0)
  if (performance.now() - shownMs >= PROGRESS_MS) {
    shownMs = performance.now()
    console.log(
      `${counted} of ${all.length} flights counted, ${latest.size} airports, ${streams.metrics().commits} commits`,
    )
  }
  if (counted < all.length) await reader.changed()
}
const seconds = (performance.now() - startedMs) / 1_000
await producing
const result = new Map(reader.latest())
await reader.close()
await streams.close()
await client.close()
if (embedded && values['state-dir'] === undefined) rmSync(stateDir, { recursive: true })

const airports = readAirports()
const mean = ({ flights, totalMin }: Delays) => totalMin / flights
const busiest = [...result].sort(([, a], [, b]) => b.flights - a.flights).slice(0, SHOWN_AIRPORTS)
console.log(`\nthe ${SHOWN_AIRPORTS} busiest of ${result.size} airports                flights   mean delay`)
for (const [iata, sum] of busiest) {
  const name = `${iata}  ${airports.get(iata) ?? ''}`
  console.log(`${name.padEnd(40)} ${String(sum.flights).padStart(10)} ${mean(sum).toFixed(1).padStart(8)} min`)
}
console.log(
  `\n${waiting.length} flights in ${seconds.toFixed(2)} s: ${Math.round(waiting.length / seconds)} flights/s, each through two topics`,
)

// Exactly once: the sums of a plain loop over the data.
const truth = new Map<string, Delays>()
for (const flight of all)
  truth.set(flight.origin, addFlight(truth.get(flight.origin) ?? { flights: 0, totalMin: 0 }, flight))
const wrong = [...truth].filter(
  ([iata, sum]) => result.get(iata)?.flights !== sum.flights || result.get(iata)?.totalMin !== sum.totalMin,
)
console.log(
  wrong.length === 0
    ? 'every sum equals that of a plain loop over the flights'
    : `WRONG: ${wrong.map(([iata]) => iata).join(', ')}`,
)
process.exitCode = wrong.length === 0 ? 0 : 1
