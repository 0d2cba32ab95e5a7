import { StreamRecord } from '../../lib/core/record.ts'
import { serdes } from '../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../lib/testing/index.ts'
import { StreamsBuilder } from '../../topology/streams-builder.ts'
import { timestamps } from '../../topology/timestamps.ts'

const at = (timestamp: number) => new StreamRecord('k', 'v', timestamp)

describe.each([
  { name: 'failOnInvalid', valid: 5, invalid: 'throws', first: 'throws' },
  { name: 'skipOnInvalid', valid: 5, invalid: -1, first: -1 },
  { name: 'usePartitionTimeOnInvalid', valid: 5, invalid: 7, first: 'throws' },
  { name: 'wallClock', valid: 99, invalid: 99, first: 99 },
] as const)('timestamps.$name', ({ name, valid, invalid, first }) => {
  const given = (timestamp: number, partitionTimeMs: number) => {
    try {
      return timestamps[name](at(timestamp), partitionTimeMs, 99)
    } catch {
      return 'throws'
    }
  }

  it('of a record with a time, of one without, of the first one without', () => {
    expect([given(5, 7), given(-1, 7), given(-1, -1)]).toEqual([valid, invalid, first])
  })
})

it('wallClock gives the time at which a record is taken', async () => {
  const builder = new StreamsBuilder()
  const strings = { key: serdes.string(), value: serdes.string() }
  builder.stream('in', { ...strings, timestamp: timestamps.wallClock }).to('out')
  await using driver = new TopologyTestDriver(builder.build(), { initialWallClockTimeMs: 1_000 })
  await driver.advanceWallClockTime(500)
  await driver.createInputTopic<string, string>('in').pipeInput({ key: 'k', value: 'v', timestamp: 3 })

  expect(driver.createOutputTopic('out').readRecord().timestamp).toBe(1_500)
})

it('onInvalid asks about records without a time only', () => {
  const extract = timestamps.onInvalid((_record, partitionTimeMs, nowMs) => partitionTimeMs + nowMs)

  expect([extract(at(5), 7, 99), extract(at(-1), 7, 99)]).toEqual([5, 106])
  expect(() => timestamps.onInvalid('createdAt' as never)).toThrow(/timestamps.onInvalid\(\): needs a function/)
})
