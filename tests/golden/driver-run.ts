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
  /** Whether the step failed in which Java's task does. */
  readonly failed?: boolean
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
  /** Records of the test's own that stand before those of the topology: Java's driver gives only the latter. */
  const piped = new Map<string, number>()
  const collect = (step: number) => {
    for (const topic of driver.producedTopicNames()) {
      const reader = readers.get(topic) ?? driver.createOutputTopic(topic, { key: raw, value: raw })
      readers.set(topic, reader)
      const records = reader.readRecordsToList().slice(piped.get(topic) ?? 0)
      piped.delete(topic)
      const before = outputs.get(topic) ?? []
      if (records.length > 0) outputs.set(topic, [...before, ...records.map((record) => produced(step, record))])
    }
  }
  for (const [step, action] of recorded.steps.entries()) {
    if (action.op === 'pipe') piped.set(action.topic, (piped.get(action.topic) ?? 0) + 1)
    const done = action.op === 'advanceWallClock' ? driver.advanceWallClockTime(action.ms) : pipe(driver, action)
    if (step === recorded.failsAt)
      return { outputs: Object.fromEntries(outputs), stores: {}, failed: await failed(done) }
    await done
    collect(step)
  }
  const stores: Record<string, readonly GoldenEntry[]> = {}
  for (const [name, expected] of Object.entries(recorded.stores)) {
    const store = driver.getStateStore(name)
    if (store !== undefined) stores[name] = await readStore(store, expected)
  }
  return { outputs: Object.fromEntries(outputs), stores }
}

function failed(step: Promise<unknown>): Promise<boolean> {
  return step.then(
    () => false,
    () => true,
  )
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
