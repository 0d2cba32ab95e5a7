import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { strings } from '../../topology/support/strings.ts'

function counts() {
  const builder = new StreamsBuilder()
  builder.stream('in', strings).groupByKey().count({ store: 'counts' }).toStream().to('out')
  return builder.build()
}

describe('an output topic', () => {
  let driver: TopologyTestDriver
  beforeEach(async () => {
    driver = new TopologyTestDriver(counts())
    await driver.createInputTopic('in', { startTimestampMs: 1, autoAdvanceMs: 1 }).pipeKeyValueList([
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
    ])
  })
  afterEach(() => driver.close())

  const all = [
    ['a', 1],
    ['b', 1],
    ['a', 2],
  ]

  it('gives each record once: whole, its key and value, its value', () => {
    const output = driver.createOutputTopic('out')

    expect(output.getQueueSize()).toBe(3)
    expect(output.readRecord()).toEqual({ key: 'a', value: 1, timestamp: 1, headers: [], partition: 0 })
    expect(output.readKeyValue()).toEqual(['b', 1])
    expect(output.isEmpty()).toBe(false)
    expect(output.readValue()).toBe(2)
    expect(output.isEmpty()).toBe(true)
    expect(output.getQueueSize()).toBe(0)
  })

  it('gives the rest as a list', () => {
    const output = driver.createOutputTopic('out')
    output.readRecord()

    expect(output.readRecordsToList().map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
      ['b', 1, 2],
      ['a', 2, 3],
    ])
    expect(output.readRecordsToList()).toEqual([])
    expect(driver.createOutputTopic('out').readKeyValuesToList()).toEqual(all)
    expect(driver.createOutputTopic('out').readValuesToList()).toEqual([1, 1, 2])
  })

  it('gives the last value of each key', () => {
    expect(driver.createOutputTopic('out').readKeyValuesToMap()).toEqual(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    )
  })

  it('goes on where it stopped when there is more', async () => {
    const output = driver.createOutputTopic('out')
    output.readRecordsToList()
    await driver.createInputTopic('in').pipeInput({ key: 'b', value: 'x' })

    expect(output.readKeyValuesToList()).toEqual([['b', 2]])
  })

  it('reads what others have read', () => {
    driver.createOutputTopic('out').readRecordsToList()

    expect(driver.createOutputTopic('out').readKeyValuesToList()).toEqual(all)
  })

  it('throws where there is no record, and is not the worse for it', async () => {
    const output = driver.createOutputTopic('out')
    output.readRecordsToList()
    for (const read of [() => output.readRecord(), () => output.readKeyValue(), () => output.readValue()])
      expect(read).toThrow(expect.objectContaining({ code: 'STREAMS_NO_OUTPUT_RECORD', topic: 'out' }))
    await driver.createInputTopic('in').pipeInput({ key: 'a', value: 'x' })

    expect(output.readValue()).toBe(3)
  })

  it('reads changelogs, given the serdes', () => {
    const changelog = driver.createOutputTopic('test-driver-counts-changelog', {
      key: serdes.string(),
      value: serdes.long(),
    })

    expect(changelog.readKeyValuesToList()).toEqual(all)
  })

  it('throws what its serdes throw, and keeps the record', () => {
    const output = driver.createOutputTopic('out', { value: serdes.integer() })

    expect(() => output.readValue()).toThrow()
    expect(() => output.readValue()).toThrow()
  })

  it('of a topic that nobody has written to is empty', () => {
    expect(driver.createOutputTopic('nowhere', strings).isEmpty()).toBe(true)
  })

  it('needs serdes where no sink has them', () => {
    expect(() => driver.createOutputTopic('test-driver-counts-changelog')).toThrow(
      "needs the serdes of 'test-driver-counts-changelog'",
    )
  })
})
