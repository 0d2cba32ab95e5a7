import { serdes } from '../../../lib/serde/index.ts'
import { TopologyTestDriver } from '../../../lib/testing/index.ts'
import { StreamsBuilder } from '../../../topology/streams-builder.ts'
import { strings } from '../../topology/support/strings.ts'

function pipe() {
  const builder = new StreamsBuilder()
  builder.stream('in', strings).to('out')
  return builder.build()
}

describe('an input topic', () => {
  let driver: TopologyTestDriver
  beforeEach(() => {
    driver = new TopologyTestDriver(pipe(), { initialWallClockTimeMs: 5_000 })
  })
  afterEach(() => driver.close())

  const written = () => driver.createOutputTopic<string, string>('out').readRecordsToList()
  const times = () => written().map(({ timestamp }) => timestamp)

  it('writes key, value, timestamp and headers as given', async () => {
    const agent = [
      ['agent', Buffer.from('curl')],
      ['agent', null],
    ] as const
    await driver.createInputTopic('in').pipeInput({ key: 'a', value: 'x', timestamp: 7, headers: agent })

    expect(written()).toEqual([{ key: 'a', value: 'x', timestamp: 7, headers: agent, partition: 0 }])
  })

  it('leaves out what is not given, or null', async () => {
    const input = driver.createInputTopic<string, string>('in')
    await input.pipeInput({})
    await input.pipeInput({ key: null, value: null })
    await input.pipeInput({ key: '', value: '' })

    expect(written().map(({ key, value, headers }) => [key, value, headers])).toEqual([
      [null, null, []],
      [null, null, []],
      ['', '', []],
    ])
  })

  it('takes the source’s serdes unless given others', async () => {
    const raw = { serialize: (_: string, bytes: Buffer) => bytes, deserialize: (_: string, bytes: Buffer) => bytes }
    const input = driver.createInputTopic<Buffer, number>('in', { key: raw, value: serdes.integer() })
    await input.pipeInput({ key: Buffer.from('a'), value: 0x41424344 })

    expect(written()).toMatchObject([{ key: 'a', value: 'ABCD' }])
  })

  describe('gives records without a timestamp', () => {
    it('that of the wall clock', async () => {
      const input = driver.createInputTopic('in')
      await input.pipeInput({ value: 'x' })
      await driver.advanceWallClockTime(250)
      await input.pipeInput({ value: 'y' })

      expect(times()).toEqual([5_000, 5_250])
    })

    it('the topic’s own, which stands still unless it is told to advance', async () => {
      const input = driver.createInputTopic('in', { startTimestampMs: 100 })
      await input.pipeValueList(['x', 'y'])
      input.advanceTime(30)
      await input.pipeInput({ value: 'z' })
      await driver.advanceWallClockTime(250)
      await input.pipeInput({ value: 'z' })

      expect(times()).toEqual([100, 100, 130, 130])
    })

    it('the topic’s own, which advances with each of them, and with no other', async () => {
      const input = driver.createInputTopic('in', { startTimestampMs: 100, autoAdvanceMs: 10 })
      await input.pipeInput({ value: 'x' })
      await input.pipeInput({ value: 'y', timestamp: 3 })
      await input.pipeRecordList([{ value: 'z' }, { value: 'z', timestamp: 4 }, { value: 'z' }])

      expect(times()).toEqual([100, 3, 110, 4, 120])
    })

    it('times from the wall clock on, if it only advances', async () => {
      const input = driver.createInputTopic('in', { autoAdvanceMs: 10 })
      await input.pipeKeyValueList([
        ['a', 'x'],
        ['b', 'y'],
      ])
      await driver.advanceWallClockTime(999)
      await input.pipeInput({ value: 'z' })

      expect(times()).toEqual([5_000, 5_010, 5_020])
    })

    it('the times of their list, which leave the topic’s own alone', async () => {
      const input = driver.createInputTopic('in', { startTimestampMs: 100, autoAdvanceMs: 10 })
      await input.pipeValueList(['x', 'y', 'z'], { startTimestampMs: 7, advanceMs: 2 })
      await input.pipeKeyValueList([['a', 'x']], { startTimestampMs: 1 })
      await input.pipeValueList(['x', 'y'], { advanceMs: 1 })
      await input.pipeInput({ value: 'z' })

      expect(times()).toEqual([7, 9, 11, 1, 100, 101, 100])
    })
  })

  it('writes lists in their order: records, keys and values, values', async () => {
    const input = driver.createInputTopic('in')
    await input.pipeRecordList([{ key: 'a', value: '1' }, { value: '2' }])
    await input.pipeKeyValueList([
      ['b', '3'],
      [null, null],
    ])
    await input.pipeValueList(['4', null])

    expect(written().map(({ key, value }) => [key, value])).toEqual([
      ['a', '1'],
      [null, '2'],
      ['b', '3'],
      [null, null],
      [null, '4'],
      [null, null],
    ])
  })

  it.each([
    ['a negative timestamp', { timestamp: -1 }, "'timestamp' is -1"],
    ['half a millisecond', { timestamp: 1.5 }, "'timestamp' is 1.5"],
    ['no number', { timestamp: Number.NaN }, "'timestamp' is NaN"],
    ['a partition that there is not', { partition: 1 }, "'in' has 1 partition, so there is no 1"],
    ['a negative partition', { partition: -1 }, "'in' has 1 partition, so there is no -1"],
  ])('refuses %s, and goes on', async (_, record, message) => {
    const input = driver.createInputTopic<string, string>('in')
    const refused = input.pipeInput({ value: 'x', ...record })
    await expect(refused).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT' })
    await expect(refused).rejects.toThrow(message)
    await input.pipeInput({ value: 'y' })

    expect(written().map(({ value }) => value)).toEqual(['y'])
  })

  it('refuses what its serde cannot write, and goes on', async () => {
    const input = driver.createInputTopic<string, number>('in', { value: serdes.integer() })
    await expect(input.pipeInput({ value: 1.5 })).rejects.toThrow()
    await input.pipeInput({ value: 1 })

    expect(written()).toHaveLength(1)
  })

  it('refuses times that go back', async () => {
    const input = driver.createInputTopic('in')
    expect(() => input.advanceTime(-1)).toThrow("'ms' is -1")
    expect(() => driver.createInputTopic('in', { autoAdvanceMs: -1 })).toThrow("'autoAdvanceMs' is -1")
    expect(() => driver.createInputTopic('in', { startTimestampMs: -1 })).toThrow("'startTimestampMs' is -1")
    await expect(input.pipeValueList(['x'], { startTimestampMs: -1 })).rejects.toThrow("'startTimestampMs' is -1")
    await expect(input.pipeKeyValueList([], { advanceMs: 0.5 })).rejects.toThrow("'advanceMs' is 0.5")
  })

  it('exists only where a source reads', () => {
    expect(() => driver.createInputTopic('out')).toThrow("no source of the topology reads 'out'")
    expect(() => driver.createInputTopic('nowhere', strings)).toThrow("no source of the topology reads 'nowhere'")
  })
})
