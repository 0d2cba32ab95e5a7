// Runs a case in TopologyTestDriver: one task, one record at a time, as Java recorded it.
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import type { Topology } from '../../topology/topology.ts'
import { type ComparableRecord, produced } from './comparable.ts'
import { driverConfig } from './driver-config.ts'
import type { GoldenCase, GoldenInput } from './golden-case.ts'
import { type GoldenEntry, readStore } from './store-entries.ts'

/** What a case produced. */
export interface GoldenResult {
  /** By topic; only topics that got records. */
  readonly outputs: Readonly<Record<string, readonly ComparableRecord[]>>
  /** By store name; those that the case holds. */
  readonly stores: Readonly<Record<string, readonly GoldenEntry[]>>
}

const raw = { serialize: (_: string, bytes: Buffer) => bytes, deserialize: (_: string, bytes: Buffer) => bytes }

export async function runInDriver(recorded: GoldenCase, topology: Topology): Promise<GoldenResult> {
  await using driver = new TopologyTestDriver(topology, {
    ...driverConfig(recorded),
    applicationId: recorded.applicationId,
    initialWallClockTimeMs: recorded.initialWallClockMs,
    topics: recorded.steps.flatMap((step) => (step.op === 'pipe' ? [step.topic] : [])),
  })
  const outputs = new Map<string, ComparableRecord[]>()
  const readers = new Map<string, ReturnType<typeof driver.createOutputTopic<Buffer, Buffer>>>()
  const collect = (step: number) => {
    for (const topic of driver.producedTopicNames()) {
      const reader = readers.get(topic) ?? driver.createOutputTopic(topic, { key: raw, value: raw })
      readers.set(topic, reader)
      const records = reader.readRecordsToList().map((record) => produced(step, record))
      if (records.length > 0) outputs.set(topic, [...(outputs.get(topic) ?? []), ...records])
    }
  }
  for (const [step, action] of recorded.steps.entries()) {
    if (action.op === 'advanceWallClock') await driver.advanceWallClockTime(action.ms)
    else await pipe(driver, action)
    collect(step)
  }
  const stores: Record<string, readonly GoldenEntry[]> = {}
  for (const [name, expected] of Object.entries(recorded.stores)) {
    const store = driver.getStateStore(name)
    if (store !== undefined) stores[name] = await readStore(store, expected)
  }
  return { outputs: Object.fromEntries(outputs), stores }
}

function pipe(driver: TopologyTestDriver, input: GoldenInput): Promise<void> {
  const { topic, keyBase64, valueBase64, timestamp, headers } = input
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))
  return driver.createInputTopic<Buffer, Buffer>(topic, { key: raw, value: raw }).pipeInput({
    key: bytes(keyBase64),
    value: bytes(valueBase64),
    timestamp,
    headers: headers.map(({ key, valueBase64 }) => [key, bytes(valueBase64)]),
  })
}
