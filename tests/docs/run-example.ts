import { transformSync } from '@swc/core'
import { Windowed } from '../../lib/core/windowed.ts'
import * as millrace from '../../lib/index.ts'
import type { TestOutputTopic } from '../../lib/testing/test-output-topic.ts'
import { TopologyTestDriver } from '../../lib/testing/topology-test-driver.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import type { Example, ExampleRecord } from './examples.ts'

const { serdes } = millrace

/** What examples find in scope besides the library: see the document's first section. */
const GIVEN = {
  strings: { key: serdes.string(), value: serdes.string() },
  numbers: { key: serdes.string(), value: serdes.long() },
}

/** An example that puts a topology together by hand calls it so. */
const MADE = "return typeof topology === 'undefined' ? builder.build() : topology"

/** Runs an example in the test driver and checks what comes out. Nothing but what it says may come out of the topics that it names. */
export async function runExample({ code, steps }: Example): Promise<void> {
  const builder = new StreamsBuilder()
  const scope = { ...millrace, ...GIVEN, builder }
  const made = new Function(...Object.keys(scope), `${javaScript(code)}\n${MADE}`)(...Object.values(scope))
  const topics = steps.flatMap((step) => (step.kind === 'in' ? [step.topic] : []))
  await using driver = new TopologyTestDriver(made, { topics })
  const outputs = new Map<string, TestOutputTopic<any, any>>()
  for (const step of steps) {
    if (step.kind === 'wall clock') {
      await driver.advanceWallClockTime(step.ms)
    } else if (step.kind === 'in') {
      const input = driver.createInputTopic(step.topic)
      for (const [key, value, timestamp = 0] of step.records) await input.pipeInput({ key, value, timestamp })
    } else {
      const output = outputs.get(step.topic) ?? outputTopic(driver, step.topic)
      outputs.set(step.topic, output)
      expect({ [step.topic]: read(output, step.records) }).toEqual({ [step.topic]: step.records })
    }
  }
  for (const [topic, output] of outputs) expect({ [topic]: read(output, []) }).toEqual({ [topic]: [] })
}

// Of a topic that is chosen by record the driver knows no serdes.
function outputTopic(driver: TopologyTestDriver, topic: string): TestOutputTopic<any, any> {
  try {
    return driver.createOutputTopic(topic)
  } catch (error) {
    if (!(error instanceof millrace.InvalidArgumentError)) throw error
    return driver.createOutputTopic(topic, GIVEN.strings)
  }
}

// With times where times are expected.
function read(output: TestOutputTopic<any, any>, expected: readonly ExampleRecord[]): readonly ExampleRecord[] {
  return output
    .readRecordsToList()
    .map(({ key, value, timestamp }, i) =>
      expected[i]?.length === 3 ? [shown(key), value, timestamp] : [shown(key), value],
    )
}

function shown(key: unknown): unknown {
  return key instanceof Windowed ? `${key.key}@${key.window.startMs}..${key.window.endMs}` : key
}

function javaScript(code: string): string {
  return transformSync(code, { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, isModule: false }).code
}
