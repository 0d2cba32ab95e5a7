// Java's subclass of Windows ran the application first: Millrace goes on from the changelog that it wrote, and from its offsets.

import type { Client } from '../../../lib/client/client.ts'
import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/log.ts'
import { NO_HEADERS } from '../../../lib/core/record.ts'
import { topologyOf } from '../../golden/cases.ts'
import { type GoldenInput, type GoldenOutput, goldenCase } from '../../golden/golden-case.ts'
import { TestApp } from '../../support/test-app.ts'

const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))
const base64 = (read: Buffer | null) => read?.toString('base64') ?? null
const shown = ({ keyBase64, valueBase64, timestamp }: Omit<GoldenOutput, 'step' | 'headers'>) =>
  JSON.stringify([keyBase64, valueBase64, timestamp])

/** The case's records, and what came of them, cut in two: what Java did, and what is left to do. */
async function takeOver(name: string, steps: number) {
  const { outputs, steps: inputs } = goldenCase(name)
  const logged = Object.entries(outputs).find(([topic]) => topic.endsWith('-windowed-changelog'))![1]
  const app = new TestApp({ cacheBytes: 0, emitIntervalMs: 0 })
  const changelog = `${app.applicationId}-windowed-changelog`
  app.topics({ input: 1, output: 1, [changelog]: 1 })
  const client = app.cluster.connect({
    clientId: 'java',
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 10_000,
  })
  try {
    await write(client, 'input', inputs as readonly GoldenInput[])
    await write(
      client,
      changelog,
      logged.filter(({ step }) => step < steps),
    )
    const position = { topic: 'input', partition: 0, offset: steps, metadata: '' }
    await client.admin.alterOffsets(app.applicationId, [position])
    const instance = await app.start(topologyOf(goldenCase(name)))
    await app.caughtUp('input')
    const produced = app.cluster.records('output', 0).map(({ key, value, timestamp }) => {
      return shown({ keyBase64: base64(key), valueBase64: base64(value), timestamp })
    })
    const restored = instance.restored.reduce((sum, { records }) => sum + records, 0)
    return { produced, expected: outputs.output!.filter(({ step }) => step >= steps).map(shown), restored }
  } finally {
    await client.close()
    await app.close()
  }
}

async function write(client: Client, topic: string, records: readonly Omit<GoldenInput, 'op' | 'topic'>[]) {
  const producer = client.producer({ lingerMs: 0 })
  await producer.init()
  for (const { keyBase64, valueBase64, timestamp } of records) {
    producer.send(topic, 0, bytes(keyBase64), bytes(valueBase64), timestamp, NO_HEADERS)
  }
  await producer.flush()
  await producer.close()
}

it.each([10, 25, 40, 55])('gives what Java would have given, after %p records', async (steps) => {
  const { produced, expected, restored } = await takeOver('custom-windows-growing', steps)

  expect(expected.length).toBeGreaterThan(5)
  expect(restored).toBeGreaterThan(3)
  expect(produced).toEqual(expected)
})
